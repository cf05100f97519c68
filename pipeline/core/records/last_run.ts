import { join } from "@std/path";
import { writeFileAtomically } from "../files.ts";
import { isPlainObject } from "../json.ts";
import { keyOf, type KeyRecord } from "../record.ts";

/**
 * The key records of a pipeline's last run, by name of step. Serves to explain misses, nothing else: lost or damaged,
 * the explanation is poorer.
 */
export class LastRun {
  readonly #path: string;
  #records: Map<string, KeyRecord> | undefined;

  /** One file per pipeline, in the cache. */
  constructor(cacheDir: string, pipeline: string) {
    this.#path = join(cacheDir, "runs", `${encodeURIComponent(pipeline)}.json`);
  }

  /** The record with which a step was dealt with last. */
  async last(step: string): Promise<KeyRecord | undefined> {
    return (await this.#load()).get(step);
  }

  /** Notes a record, at once on disk: the next line of the program may be the last. */
  async note(step: string, record: KeyRecord): Promise<void> {
    const records = await this.#load();
    const known = records.get(step);
    if (known !== undefined && keyOf(known) === keyOf(record)) return;
    records.set(step, record);
    await writeFileAtomically(this.#path, JSON.stringify({ format: 1, steps: Object.fromEntries(records) }));
  }

  async #load(): Promise<Map<string, KeyRecord>> {
    this.#records ??= parse(await Deno.readTextFile(this.#path).catch(() => ""));
    return this.#records;
  }
}

function parse(text: string): Map<string, KeyRecord> {
  const records = new Map<string, KeyRecord>();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return records;
  }
  if (!isPlainObject(parsed) || parsed.format !== 1 || !isPlainObject(parsed.steps)) return records;
  for (const [step, record] of Object.entries(parsed.steps)) {
    if (looksLikeRecord(record)) records.set(step, record);
  }
  return records;
}

function looksLikeRecord(value: unknown): value is KeyRecord {
  return isPlainObject(value) && typeof value.stage === "string" && isPlainObject(value.code) &&
    isPlainObject(value.params) && isPlainObject(value.inputs);
}
