/** One instruction with its answer, whatever form the source file had. */
export interface Example {
  /** What is asked for. Holds the earlier turns of a conversation where there are any. May be empty if `input` is not. */
  readonly instruction: string;
  /** Material that the instruction works on, or "" for none. */
  readonly input: string;
  /** The answer to learn. */
  readonly output: string;
  /** Name of the source the row came from. */
  readonly source: string;
}
