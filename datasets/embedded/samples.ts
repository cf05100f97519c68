/** Name of a sample set that comes with the code. */
export type SampleName = "belle" | "guanaco";

/** Where an embedded sample set lies: rows written by this project, in the form of the data set it is named after. */
export function embeddedSampleUrl(name: SampleName): URL {
  return new URL(`./${name}.jsonl`, import.meta.url);
}
