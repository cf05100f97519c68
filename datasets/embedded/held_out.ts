// Which facts are kept from training, so that what was learnt can be told from what was learnt by heart.
/** Which part of facts and phrasings. */
export type Part = "train" | "held-out";

/** One fact of so many is held out. */
const HELD_OUT_EVERY = 6;

/** Whether a subject is held out: by a hash of its text (FNV-1a), so that it does not depend on any order. */
export function isHeldOut(subject: string): boolean {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(subject)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash ^ hash >>> 15) % HELD_OUT_EVERY === 0;
}

/** Whether a subject is of this part. */
export function isIn(part: Part, subject: string): boolean {
  return isHeldOut(subject) === (part === "held-out");
}
