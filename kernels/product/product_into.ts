import type { Tensor } from "../gpu/tensor.ts";

/** What happens to the result of a product: it replaces y, is added to y, or y becomes `residual` + it. */
export type Into = "set" | "add" | { readonly residual: Tensor };
