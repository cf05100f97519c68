// Which variant a product takes: what was measured for its class of shapes (autotune.ts), else the default. No choice
// changes a bit of a result: only variants that agree with the reference to the bit are ever chosen. What does change bits,
// into how many slices sums are cut (split_k.ts), is not chosen here.
import type { Device } from "../gpu/device.ts";
import { type SplitK, splitKOf } from "./split_k.ts";
import { defaultVariant, type ProductShape, type ProductVariant, productVariants } from "./product_variants.ts";

export type { ProductShape } from "./product_variants.ts";

/** Names of variants by class of shapes. */
export type ProductChoices = Readonly<Record<string, string>>;

const chosen = new WeakMap<Device, ReadonlyMap<string, ProductVariant>>();

const powerAbove = (count: number) => 2 ** Math.ceil(Math.log2(Math.max(1, count)));

/** Shapes of one class share a variant: the same operation and bits, sizes up to the same powers of two, as many slices. */
export function shapeClass({ op, bits, rows, inner, outer }: ProductShape, splitK: SplitK = 1): string {
  const slices = splitK > 1 ? `, ${splitK} slices` : "";
  return `${op} ${bits} bits, ${powerAbove(rows)} rows, ${powerAbove(inner)} to ${powerAbove(outer)}${slices}`;
}

/** Sets the choices of a device, in place of earlier ones. Names that it cannot run are left out. */
export function setProductChoices(device: Device, choices: ProductChoices): void {
  const known = new Map(productVariants(device).map((variant) => [variant.name, variant]));
  const list = Object.entries(choices).flatMap(([key, name]) => {
    const variant = known.get(name);
    return variant ? [[key, variant] as const] : [];
  });
  chosen.set(device, new Map(list));
}

/** The variant that a device takes for a product. */
export function variantFor(device: Device, shape: ProductShape): ProductVariant {
  const choices = chosen.get(device);
  return (choices?.size ? choices.get(shapeClass(shape, splitKOf(device))) : undefined) ??
    defaultVariant(device, shape);
}
