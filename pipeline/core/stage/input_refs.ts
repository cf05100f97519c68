import type { AnyKind } from "./kind.ts";
import type { Ref } from "./ref.ts";
import type { InputDeclarations, ListInput, OptionalInput, OptionalListInput } from "./stage_spec.ts";

/** The refs that a call of a stage passes for its inputs. */
export type InputRefs<I extends InputDeclarations> =
  & { readonly [N in RequiredInputs<I>]: I[N] extends ListInput<infer K> ? readonly Ref<K>[] : RefOf<I[N]> }
  & {
    readonly [N in Exclude<keyof I, RequiredInputs<I>>]?: I[N] extends OptionalInput<infer K> ? Ref<K> | undefined
      : I[N] extends OptionalListInput<infer K> ? readonly Ref<K>[] | undefined
      : never;
  };

/** The names of the inputs that a call must give. */
export type RequiredInputs<I> = {
  [N in keyof I]: I[N] extends OptionalInput<AnyKind> | OptionalListInput<AnyKind> ? never : N;
}[keyof I];
/** A ref of a kind. */
export type RefOf<T> = T extends AnyKind ? Ref<T> : never;
