// The products with weights: those that a card takes unless it measures, and those that it may find quicker.
import type { Device } from "../../../kernels/gpu/device.ts";
import { decodeProduct } from "../../../kernels/decode/decode_product.ts";
import { product, productTransposed } from "../../../kernels/product/product.ts";
import type { Into } from "../../../kernels/product/product_into.ts";
import { setSplitK, type SplitK } from "../../../kernels/product/split_k.ts";
import { useByteProducts } from "../../../kernels/product/byte_product.ts";
import { candidateVariants, type ProductVariant } from "../../../kernels/product/product_variants.ts";
import { weightGradient } from "../../../kernels/product/weight_gradient.ts";
import type { WeightBits } from "../../../kernels/weight/weight.ts";
import type { Launch } from "./launch.ts";

const width = 4096;
const counted = (rows: number) => `${rows} ${rows === 1 ? "row" : "rows"}`;
const allBits: readonly WeightBits[] = [8, 4, 32];

/** Both products with a weight, as the device chooses them for so many rows. */
function chosen(bits: WeightBits, rows: number): Launch {
  return {
    variant: `${bits} bits, ${counted(rows)}`,
    run({ stream, tensor, weight }) {
      const w = weight(width, width, bits);
      product(stream, tensor([rows, width]), w, tensor([rows, width]));
      productTransposed(stream, tensor([rows, width]), w, tensor([rows, width]));
    },
  };
}

/** On top of the residual, or added to what is there. */
function into(name: "residual" | "added", bits: WeightBits, rows: number): Launch {
  return {
    variant: `${bits} bits, ${rows} rows, ${name}`,
    run({ stream, tensor, weight }) {
      const w = weight(width, width, bits);
      const each = () => tensor([rows, width]);
      const where: Into = name === "added" ? "add" : { residual: each() };
      if (name === "added") productTransposed(stream, each(), w, each(), where);
      else product(stream, each(), w, each(), where);
    },
  };
}

/** A variant that a long training would time on a device. */
function candidate(variant: ProductVariant): Launch {
  return {
    variant: `8 bits, ${variant.name}`,
    run({ stream, tensor, weight }) {
      const w = weight(width, width, 8);
      product(stream, tensor([256, width]), w, tensor([256, width]), "set", { variant });
      productTransposed(stream, tensor([256, width]), w, tensor([256, width]), "set", { variant });
    },
  };
}

/** Both products of a device that cuts their sums into slices. */
function inSlices(slices: SplitK, bits: WeightBits, rows: number): Launch {
  const { variant, run } = chosen(bits, rows);
  return {
    variant: `${variant}, ${slices} slices`,
    run(bench) {
      setSplitK(bench.stream.device, slices);
      run(bench);
      setSplitK(bench.stream.device, 1);
    },
  };
}

/** The forward product of a device that rounds activations to bytes. */
function byBytes(rows: number, then: "" | "residual" = ""): Launch {
  return {
    variant: `${counted(rows)}${then && `, ${then}`}`,
    run({ stream, tensor, weight }) {
      using _bytes = useByteProducts(stream.device, rows, width);
      const into: Into = then ? { residual: tensor([rows, width]) } : "set";
      product(stream, tensor([rows, width]), weight(width, width, 8), tensor([rows, width]), into);
    },
  };
}

function decode(bits: WeightBits, rows: number, then: "set" | "residual" | "gate" = "set"): Launch {
  return {
    variant: `${bits} bits, ${counted(rows)}${then === "set" ? "" : `, ${then}`}`,
    run({ stream, tensor, weight }) {
      const other = tensor([rows, width]);
      const where = then === "set" ? then : then === "gate" ? { gate: other } : { residual: other };
      decodeProduct(stream, tensor([rows, width]), weight(width, width, bits), tensor([rows, width]), where);
    },
  };
}

const gradient: Launch = {
  variant: "",
  run: ({ stream, tensor, weight }) =>
    weightGradient(stream, tensor([256, width]), tensor([256, width]), weight(width, width, 32)),
};

/** Rows of a micro-batch and of short prompts, which take smaller tiles. */
const rowCounts = [256, 32, 16, 1];

/** The products of a device. */
export const productLaunches = (device: Device): Launch[] => [
  ...allBits.flatMap((bits) => rowCounts.map((rows) => chosen(bits, rows))),
  ...allBits.flatMap((bits) => [into("residual", bits, 256), into("added", bits, 256)]),
  ...candidateVariants(device, 256).map(candidate),
  byBytes(256),
  byBytes(256, "residual"),
  inSlices(2, 8, 256),
  inSlices(4, 8, 256),
  inSlices(2, 4, 256),
  inSlices(2, 8, 32),
  gradient,
  ...allBits.flatMap((bits) => [1, 2, 4, 8].map((rows) => decode(bits, rows))),
  ...([8, 4] as const).flatMap((
    bits,
  ) => [decode(bits, 1, "residual"), decode(bits, 1, "gate"), decode(bits, 8, "gate")]),
];
