/**
 * Those of a pipeline's options that a shape declares, to hand to the stage that it is of:
 * `train({ base, tokens, ...pickOptions(trainOptions, options) })`. What the pipeline does not have is left to the stage's
 * own default.
 */
export function pickOptions<S extends object, O extends object>(shape: S, options: O): Pick<O, keyof S & keyof O> {
  const known = Object.entries(options).filter(([name]) => Object.hasOwn(shape, name));
  return Object.fromEntries(known) as Pick<O, keyof S & keyof O>;
}
