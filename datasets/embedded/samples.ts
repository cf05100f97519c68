/** Sample sets that come with the code. */
export const SAMPLE_NAMES = ["belle", "guanaco"] as const;

/** Name of an embedded sample set. */
export type SampleName = typeof SAMPLE_NAMES[number];

/** Where an embedded sample set lies: rows written by this project, in the form of the data set it is named after. */
export function embeddedSampleUrl(name: SampleName): URL {
  return new URL(`./${name}.jsonl`, import.meta.url);
}
