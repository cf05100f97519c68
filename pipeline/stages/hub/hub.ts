// The Hugging Face hub: which commit a revision stands for, which files it has, and how to get them.
import { dirname, join } from "@std/path";
import { datasetInfo, HubApiError, listFiles, modelInfo } from "@huggingface/hub";
import { type NetworkUse, PipelineError } from "../../core/mod.ts";
import { AccessError, type Download, downloadFile, type DownloadOptions } from "./download.ts";
import { patientFetch } from "../retry_after.ts";

/** A repository of the hub at a revision. */
export interface HubRepository {
  readonly type: "model" | "dataset";
  /** `owner/name`. */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  readonly digest: Download["digest"];
}

const PARALLEL = 4;

/** Where the hub is: HF_ENDPOINT, or huggingface.co. */
const endpoint = () => (Deno.env.get("HF_ENDPOINT") || "https://huggingface.co").replace(/\/+$/, "");

/** What a stage needs that talks to the hub. */
export const hubNetwork: NetworkUse = {
  // Large files lie elsewhere: the hub, or a mirror of it, sends one there.
  hosts: () => [new URL(endpoint()).host, "*.huggingface.co", "*.hf.co"],
  variables: ["HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"],
};

/** Whether the network must not be used: HF_HUB_OFFLINE. */
const isOffline = () => /^(1|true|yes|on)$/i.test(Deno.env.get("HF_HUB_OFFLINE") ?? "");

function credentials(): { accessToken?: string } {
  const token = Deno.env.get("HF_TOKEN");
  return token ? { accessToken: token } : {};
}

const access = (signal: AbortSignal) => ({ hubUrl: endpoint(), fetch: patientFetch({ signal }), ...credentials() });

/**
 * The commit that a revision stands for now. It is noted, and the note is used where HF_HUB_OFFLINE is set.
 *
 * @throws {PipelineError} when it cannot be found out, saying what to do
 */
export async function resolveCommit(
  repository: HubRepository,
  { notes, signal }: { readonly notes: string; readonly signal: AbortSignal },
): Promise<string> {
  const { type, name, revision } = repository;
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  const note = join(notes, "hub", type, `${encodeURIComponent(name)}@${encodeURIComponent(revision)}`);
  if (isOffline()) {
    const commit = await Deno.readTextFile(note).catch(() => undefined);
    if (commit !== undefined) return commit;
    throw new PipelineError(
      `looking up ${name}@${revision}: HF_HUB_OFFLINE is set, and it has never been looked up with this cache`,
      { kind: "offline" },
    );
  }
  const where = { name, revision, ...access(signal) };
  const found = await explained(
    repository,
    () =>
      type === "model"
        ? modelInfo({ ...where, additionalFields: ["sha"] })
        : datasetInfo({ ...where, additionalFields: ["sha"] }),
  );
  const { sha } = found as { sha?: unknown };
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha)) {
    throw new PipelineError(`looking up ${name}@${revision}: ${endpoint()} named no commit`);
  }
  await Deno.mkdir(dirname(note), { recursive: true });
  await Deno.writeTextFile(note, sha);
  return sha;
}

/** The files of a repository at a commit. */
export async function listHubFiles(repository: HubRepository, signal: AbortSignal): Promise<HubFile[]> {
  if (isOffline()) {
    throw new PipelineError(`downloading ${repository.name}: HF_HUB_OFFLINE is set, and it is not in the cache`, {
      kind: "offline",
    });
  }
  return await explained(repository, async () => {
    const { type, name, revision } = repository;
    const files: HubFile[] = [];
    const repo = { type, name };
    for await (
      const { type: kind, path, size, oid, lfs } of listFiles({
        repo,
        revision,
        recursive: true,
        ...access(signal),
      })
    ) {
      if (kind !== "file") continue;
      if (/(^|\/)\.\.?(\/|$)|^\/|\\|^[A-Za-z]:/.test(path)) {
        throw new PipelineError(`downloading ${name}: the listing names the file ${JSON.stringify(path)}`);
      }
      if (lfs) files.push({ path, size: lfs.size, digest: { algorithm: "sha256", value: lfs.oid } });
      else if (oid) files.push({ path, size, digest: { algorithm: "git-sha1", value: oid } });
    }
    return files;
  });
}

/** Downloads files of a repository at a commit into a folder, several at a time. Parts stay in `scratch`. */
export async function downloadHubFiles(
  repository: HubRepository,
  files: readonly HubFile[],
  { directory, scratch, ...options }: DownloadOptions & { readonly directory: string; readonly scratch: string },
): Promise<void> {
  const { accessToken } = credentials();
  const headers: Record<string, string> = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
  const prefix = repository.type === "dataset" ? "datasets/" : "";
  const queue = [...files].sort((a, b) => b.size - a.size);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const path = file.path.split("/").map(encodeURIComponent).join("/");
      const url = `${endpoint()}/${prefix}${repository.name}/resolve/${repository.revision}/${path}`;
      const target = join(scratch, file.path);
      await Deno.mkdir(dirname(target), { recursive: true });
      const { size, digest } = file;
      await explained(repository, () => downloadFile({ url, size, digest, target }, { ...options, headers, signal }));
      await Deno.mkdir(dirname(join(directory, file.path)), { recursive: true });
      await Deno.rename(target, join(directory, file.path));
    }
  };
  const workers = Array.from({ length: PARALLEL }, () =>
    worker().catch((error) => {
      stop.abort(error);
      throw error;
    }));
  await Promise.allSettled(workers);
  if (stop.signal.aborted) throw stop.signal.reason;
}

/** Explains what the hub refuses. */
async function explained<Result>({ type, name, revision }: HubRepository, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    const page = `${endpoint()}/${type === "dataset" ? "datasets/" : ""}${name}`;
    const status = error instanceof HubApiError ? error.statusCode : undefined;
    if (status === 401 || status === 403 || error instanceof AccessError) {
      throw new PipelineError(
        `downloading ${name}: access was refused. If it is gated, accept its terms at ${page} and set HF_TOKEN to a ` +
          `token of yours${
            Deno.env.get("HF_TOKEN") ? " (that in HF_TOKEN was not enough)" : ""
          }. If not, look at the name`,
        { cause: error },
      );
    }
    if (status === 404) {
      throw new PipelineError(`downloading ${name}: ${endpoint()} has no ${type} ${name} at ${revision}`);
    }
    if (status !== undefined) throw new PipelineError(`downloading ${name}: ${endpoint()} answered ${status}`);
    if (error instanceof TypeError) {
      throw new PipelineError(
        `downloading ${name}: ${endpoint()} cannot be reached (${error.message}). HF_ENDPOINT names another address; ` +
          "with HF_HUB_OFFLINE=1 what is in the cache is used",
        { cause: error, kind: "network" },
      );
    }
    throw error;
  }
}
