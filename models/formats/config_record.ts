import { FAMILIES, FAMILY_NAMES, type FamilyName } from "../families.ts";
import type { LlamaConfig } from "./config.ts";
import { FormatError } from "./error.ts";

/**
 * A network as the results of stages record it. Keys of later stages follow from these bytes, so that they stay as they
 * were before there was a field for the family: families of that time are told by what they have (`record` in families.ts).
 */
export type ConfigRecord = Omit<LlamaConfig, "family"> & {
  readonly family?: FamilyName;
  readonly attentionBias?: true;
  readonly queryKeyNorm?: true;
};

/** What of a record tells its family. */
type FamilyMarks = Pick<ConfigRecord, "family" | "attentionBias" | "queryKeyNorm">;

const marksOf = (name: FamilyName): FamilyMarks => FAMILIES[name].record ?? { family: name };

/** A network as results record it. */
export function configRecord({ family, ...shape }: LlamaConfig): ConfigRecord {
  return { ...shape, ...marksOf(family) };
}

/**
 * The network that a result records.
 *
 * @throws {FormatError} when its family is not known
 */
export function configOfRecord({ family, attentionBias, queryKeyNorm, ...shape }: ConfigRecord): LlamaConfig {
  const named = FAMILY_NAMES.find((name) => {
    const marks = marksOf(name);
    return marks.family === family && marks.attentionBias === attentionBias && marks.queryKeyNorm === queryKeyNorm;
  });
  if (named === undefined) {
    throw new FormatError(
      `a result records a network of the family ${JSON.stringify(family ?? { attentionBias, queryKeyNorm })}; ` +
        `supported: ${FAMILY_NAMES.join(", ")}`,
    );
  }
  return { family: named, ...shape };
}
