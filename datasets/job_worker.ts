// What runs on the threads of a job pool: loads the module of a job type, then does job after job.
import type { FromWorker, JobHandler, JobType, ToWorker } from "./job_pool.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  postMessage(message: FromWorker, transfer?: ArrayBuffer[]): void;
};

let handler: Promise<JobHandler<unknown, unknown>> | undefined;
let turn: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  if ("module" in data) {
    handler = prepare(data.module, data.name, data.setup);
    handler.catch(() => {}); // told to the first job
  } else {
    turn = turn.then(() => answer(data.job));
  }
};

async function prepare(module: string, name: string, setup: unknown): Promise<JobHandler<unknown, unknown>> {
  const type = (await import(module))[name] as JobType<unknown, unknown, unknown>;
  return await type.prepare(setup);
}

async function answer(job: unknown): Promise<void> {
  try {
    const { result, transfer } = await (await handler!)(job);
    scope.postMessage({ result }, transfer);
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const isForUser = (error as { userFacing?: unknown } | null)?.userFacing === true;
    scope.postMessage({ error: { message, stack, isForUser } });
  }
}
