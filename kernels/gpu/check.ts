import type { Tensor } from "./tensor.ts";

/** Throws unless a tensor has the wanted shape; −1 stands for any size. `action` opens the message. */
export function expectShape(action: string, tensor: Tensor, wanted: readonly number[]): void {
  const fits = tensor.shape.length === wanted.length &&
    wanted.every((size, i) => size === -1 || size === tensor.shape[i]);
  if (!fits) throw new RangeError(`${action}: ${tensor.name} must be [${wanted}], found [${tensor.shape}]`);
}

/** Throws unless `value` is a positive multiple of `of`. */
export function expectMultiple(action: string, what: string, value: number, of: number): void {
  if (value <= 0 || value % of) throw new RangeError(`${action}: ${what} must be a multiple of ${of}, found ${value}`);
}
