// Weights as compressed-tensors writes them in its form "int-quantized", which transformers reads: `NAME` is I8, and
// `NAME_scale` holds a float for each row; value = I8 · scale. Symmetric, no zero points.
// https://github.com/vllm-project/compressed-tensors
import { z } from "zod";

/** The name of the tensor that holds the scales of another's rows. */
export function scaleName(name: string): string {
  return `${name}_scale`;
}

const Scheme = z.looseObject({
  weights: z.looseObject({
    num_bits: z.literal(8),
    type: z.literal("int"),
    symmetric: z.literal(true),
    strategy: z.literal("channel"),
  }),
  input_activations: z.null().optional(),
  output_activations: z.null().optional(),
});

const Int8Config = z.looseObject({
  quant_method: z.literal("compressed-tensors"),
  format: z.literal("int-quantized"),
  config_groups: z.record(z.string(), Scheme),
});

/** Whether a `quantization_config` says that weights are int8 with a scale a row. */
export function isInt8(quantizationConfig: unknown): boolean {
  return Int8Config.safeParse(quantizationConfig).success;
}

/** The `quantization_config` of a model all of whose matrices are int8 with a scale a row. */
export const int8Config = {
  quant_method: "compressed-tensors",
  format: "int-quantized",
  quantization_status: "compressed",
  config_groups: {
    group_0: {
      targets: ["Linear", "Embedding"],
      weights: { num_bits: 8, type: "int", symmetric: true, strategy: "channel", dynamic: false },
      input_activations: null,
      output_activations: null,
    },
  },
  ignore: [],
} as const;

/** The float32 values of int8 rows. */
export function scaledRows(
  bytes: Uint8Array<ArrayBuffer>,
  width: number,
  scales: Float32Array,
): Float32Array<ArrayBuffer> {
  const integers = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i++) values[i] = integers[i]! * scales[Math.floor(i / width)]!;
  return values;
}

/** Rows as int8: value / scale rounded to the nearest, where the scale is the row's largest size / 127. */
export function int8Rows(
  values: Float32Array,
  width: number,
): { integers: Int8Array<ArrayBuffer>; scales: Float32Array<ArrayBuffer> } {
  const integers = new Int8Array(values.length);
  const scales = new Float32Array(width === 0 ? 0 : values.length / width);
  for (let row = 0; row < scales.length; row++) {
    const from = row * width;
    const most = values.subarray(from, from + width).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    scales[row] = most / 127;
    const inverse = most > 0 ? 127 / most : 0;
    for (let i = from; i < from + width; i++) integers[i] = Math.round(values[i]! * inverse);
  }
  return { integers, scales };
}
