// Results that go to and come from a cache shared with other machines. Whatever is wrong with it is a warning, never an end.
import { dirname } from "@std/path";
import type { Step } from "../stage/graph.ts";
import type { Lease } from "../store/leases.ts";
import type { Entry } from "../store/store.ts";
import type { Session } from "./session.ts";

type Warn = (stage: string, message: string) => void;

/** Takes a result from the shared cache into this one; undefined where it has none that can be used. */
export async function takeShared(
  step: Step,
  key: string,
  { remote, store, signal }: Session,
  lease: Lease | undefined,
  warn: Warn,
): Promise<Entry | undefined> {
  if (remote === undefined) return undefined;
  const stage = step.node.stage.name;
  const staging = await store.stage(stage, key, lease);
  const unusable = (detail: string) => warn(step.name, `the shared cache has a result that cannot be used: ${detail}`);
  try {
    const manifest = await remote.fetch(stage, key, staging, signal, unusable);
    if (manifest === undefined) return undefined;
    await store.seal(staging, () => false, signal);
    return await store.publish(staging, manifest);
  } finally {
    await store.discard(staging);
  }
}

/** Puts a result into the shared cache, where there is one that takes any. */
export async function giveShared(step: Step, { dir, manifest }: Entry, session: Session, warn: Warn): Promise<void> {
  const fault = await session.remote?.store(manifest, dirname(dir), session.signal);
  if (fault !== undefined) warn(step.name, `the result could not be put into the shared cache: ${fault}`);
}
