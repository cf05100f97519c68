// Files of ours that the real programs have read rightly, by their digests: as long as the bytes are the same, ordinary
// tests need not run those programs again. proven.json is written anew by `VICUNA_UPDATE_GOLDENS=1` and the interop tests.
import { fromFileUrl } from "@std/path";

import { goldenFolder, type GoldenName } from "../models/golden_base.ts";
import { exportTo, modelOf } from "./samples.ts";

const path = fromFileUrl(new URL("./goldens/proven.json", import.meta.url));

/** What a program made of a file. */
export interface Proof {
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** Greedy ids of llama.cpp after {@linkcode provenPrompt}, for a GGUF file. */
  readonly tokens?: readonly number[];
}

/** The prompt of the proofs of GGUF files, and how many greedy ids follow. */
export const provenPrompt: readonly number[] = [1, 5, 17, 30, 8, 21];
export const provenCount = 40;

/** The adapter that the proofs use. */
export const provenAdapter = (name: GoldenName): string => `${goldenFolder}${name}/all`;

/** A golden network with an adapter merged, as GGUF. */
export async function provenGguf(
  name: GoldenName,
  directory: string,
): Promise<{ model: string; file: string }> {
  const model = await modelOf(name, directory);
  return {
    model,
    file: await exportTo(directory, { model, adapter: provenAdapter(name) }),
  };
}

/** SHA-256 of a file, in hexadecimal. */
export async function digestOf(file: string): Promise<string> {
  return new Uint8Array(
    await crypto.subtle.digest("SHA-256", await Deno.readFile(file)),
  ).toHex();
}

/** All proofs, by name. */
export async function readProofs(): Promise<Record<string, Proof>> {
  return JSON.parse(await Deno.readTextFile(path));
}

/** Notes a proof, where that is asked for. */
export async function noteProof(name: string, proof: Proof): Promise<void> {
  if (!Deno.env.get("VICUNA_UPDATE_GOLDENS")) return;
  const proofs = { ...await readProofs().catch(() => ({})), [name]: proof };
  await Deno.writeTextFile(path, JSON.stringify(proofs) + "\n");
}
