// Which variant a product takes: what was measured for its class of shapes (autotune.ts), else the default. No choice
// changes a bit of a result: only variants that agree with the reference to the bit are ever chosen.
import type { Device } from "../gpu/device.ts";
import { defaultVariant, type ProductShape, type ProductVariant, productVariants } from "./product_variants.ts";

export type { ProductShape } from "./product_variants.ts";

/** Names of variants by class of shapes. */
export type ProductChoices = Readonly<Record<string, string>>;

const chosen = new WeakMap<Device, ReadonlyMap<string, ProductVariant>>();

const powerAbove = (count: number) => 2 ** Math.ceil(Math.log2(Math.max(1, count)));

/** Shapes of one class share a variant: the same operation and bits, sizes up to the same powers of two. */
export function shapeClass({ op, bits, rows, inner, outer }: ProductShape): string {
  return `${op} ${bits} bits, ${powerAbove(rows)} rows, ${powerAbove(inner)} to ${powerAbove(outer)}`;
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
  return (choices?.size ? choices.get(shapeClass(shape)) : undefined) ?? defaultVariant(device, shape);
}
