// Checks of the products: with frozen weights, whole and in parts, with LoRA's matrices, and the gradient of a weight.
import { decodeProduct } from "../decode/decode_product.ts";
import { loraExpand, loraOuter, loraReduce } from "../lora/lora.ts";
import { useByteProducts } from "../product/byte_product.ts";
import { product, productTransposed } from "../product/product.ts";
import { type CheckBench, type CheckCase, sum, table } from "./self_check_bench.ts";
import { values } from "../gpu/made_values.ts";
import type { WeightBits } from "../weight/weight.ts";
import { weightGradient } from "../product/weight_gradient.ts";
import { blockRows } from "../weight/weight_pack.ts";

/** Rows, outputs and inputs that leave a remainder in every tile. */
const [m, n, k] = [37, 44, 68];

/** Bytes of a part of a weight that is cut: a third of the rows, more or less. */
const partBytes = (bits: WeightBits) => 16 * k * bits / 8;

function frozenCases(bench: CheckBench, bits: WeightBits, inParts: boolean): CheckCase[] {
  const { stream } = bench;
  const [x, dy] = [values(m * k, 1), values(m * n, 2)];
  const { weight, stored } = bench.weight(values(n * k, 3), n, k, bits, inParts ? partBytes(bits) : undefined);
  if (inParts !== weight.parts.length > 1) throw new Error(`self-check: ${weight.parts.length} parts of a weight`);
  const [y, few, dx] = [bench.tensor([m, n]), bench.tensor([m, n]), bench.tensor([m, k])];
  const input = bench.tensor([m, k], x);
  product(stream, input, weight, y);
  decodeProduct(stream, input, weight, few);
  productTransposed(stream, bench.tensor([m, n], dy), weight, dx);
  const forward = table(m, n, (i, j) => sum(k, (p) => x[i * k + p]! * stored[j * k + p]!));
  const backward = table(m, k, (i, j) => sum(n, (p) => dy[i * n + p]! * stored[p * k + j]!));
  const name = `${bits}-bit product${inParts ? " in parts" : ""}`;
  return [
    { name, tensor: y, wanted: forward },
    { name: `${name}, of decoding`, tensor: few, wanted: forward },
    { name: `${name}, transposed`, tensor: dx, wanted: backward },
  ];
}

function weightGradientCase(bench: CheckBench): CheckCase {
  const tokens = 21;
  const [x, dy, before] = [values(tokens * k, 10), values(tokens * n, 11), values(n * k, 12)];
  const weight = bench.gradient(before, n, k);
  weightGradient(bench.stream, bench.tensor([tokens, n], dy), bench.tensor([tokens, k], x), weight);
  const gradient = before.map((value, i) =>
    value + sum(tokens, (t) => dy[t * n + Math.floor(i / k)]! * x[t * k + i % k]!)
  );
  return { name: "gradient of a weight", tensor: weight.parts[0]!.blocks, wanted: blockRows(gradient, n, k) };
}

function loraCases(bench: CheckBench): CheckCase[] {
  const { stream } = bench;
  // Many rows and few ones take kernels of their own.
  const [rank, scale] = [8, 0.5];
  return [4 * (bench.device.info.subgroupSize || 16) + 5, 13].flatMap((rows): CheckCase[] => {
    const [x, a, h, b] = [values(rows * k, 20), values(rank * k, 21), values(rows * rank, 22), values(rank * n, 23)];
    const [y, g] = [values(rows * n, 24), values(rank * k, 25)];
    const [reduced, expanded, outer] = [
      bench.tensor([rows, rank]),
      bench.tensor([rows, n], y),
      bench.tensor([rank, k], g),
    ];
    const [input, hidden] = [bench.tensor([rows, k], x), bench.tensor([rows, rank], h)];
    loraReduce(stream, input, bench.tensor([rank, k], a), reduced, scale);
    loraExpand(stream, hidden, bench.tensor([rank, n], b), expanded, scale);
    loraOuter(stream, hidden, input, outer, scale);
    const wanted = {
      "LoRA, x·A": [reduced, table(rows, rank, (i, r) => scale * sum(k, (p) => x[i * k + p]! * a[r * k + p]!))],
      "LoRA, h·B": [
        expanded,
        table(rows, n, (i, j) => y[i * n + j]! + scale * sum(rank, (r) => h[i * rank + r]! * b[r * n + j]!)),
      ],
      "LoRA, gradient": [
        outer,
        table(rank, k, (r, j) => g[r * k + j]! + scale * sum(rows, (i) => h[i * rank + r]! * x[i * k + j]!)),
      ],
    } as const;
    return Object.entries(wanted).map(([name, [tensor, wanted]]) => ({
      name: `${name}, ${rows} rows`,
      tensor,
      wanted,
    }));
  });
}

/**
 * A product of bytes whose activations are whole numbers up to 127 in each group, so that nothing is rounded. From here on all of the
 * bench's products are of bytes.
 */
export function byteCases(bench: CheckBench): CheckCase[] {
  const rows = 5;
  const x = Float32Array.from({ length: rows * k }, (_, i) => i % 4 === 0 ? 127 : i % 251 - 125);
  const { weight, stored } = bench.weight(values(n * k, 3), n, k, 8);
  const [input, y] = [bench.tensor([rows, k], x), bench.tensor([rows, n])];
  bench.own(useByteProducts(bench.device, rows, k));
  product(bench.stream, input, weight, y);
  const wanted = table(rows, n, (i, j) => sum(k, (p) => x[i * k + p]! * stored[j * k + p]!));
  return [{ name: "product of bytes", tensor: y, wanted }];
}

/** Runs the products and gives what they computed and should have. */
export function productCases(bench: CheckBench, bits: readonly WeightBits[]): CheckCase[] {
  const frozen = bits.flatMap((bits) => [false, true].flatMap((inParts) => frozenCases(bench, bits, inParts)));
  return [...frozen, weightGradientCase(bench), ...loraCases(bench)];
}
