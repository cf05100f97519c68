// Computes many requests together on one decoder: new ones join while others run, and leave when they are done. One loop,
// which runs while there is anything to do.
import type { Device } from "../../kernels/gpu/device.ts";
import type { BaseWeights } from "../base_weights.ts";
import type { Lora } from "../training/lora.ts";
import type { AdapterShelf } from "./adapter_shelf.ts";
import { type DecodeRun, mostSteps } from "./decode_run.ts";
import { chunkTokens, Decoder, type DecoderSize, type SampleResult } from "./decoder.ts";
import { Job } from "./job.ts";
import type { SampledSequence, SequenceContext } from "./sequence.ts";
import { SlotPool } from "./slot_pool.ts";

/** Chunks of a prompt between two blocks of the others, and when there are none. */
const chunksBeside = 2;
const chunksAlone = 4;

/** Tokens come in blocks of about this many milliseconds. */
const blockMs = 150;

/** Blocks are so much shorter while a prompt waits: a step takes nearly as long with few rows as with many. */
const shorter = 4;

/** Sequences that the device lets go on by itself. */
interface Running {
  readonly run: DecodeRun;
  readonly jobs: readonly { readonly job: Job; readonly sequence: SampledSequence }[];
  /** Steps that were submitted and not read. */
  ahead: number;
}

/** Runs jobs. */
export class Scheduler {
  readonly #decoder: Decoder;
  readonly #pool: SlotPool;
  readonly #queue: Job[] = [];
  #active: Job[] = [];
  #running: Running | undefined;
  #loop: Promise<void> | undefined;
  #msPerStep = blockMs / 2;
  #closed = false;

  /** Takes the memory of the slots at once. The adapters' shelf is told when a job is done with its adapter. */
  constructor(
    device: Device,
    base: BaseWeights,
    size: DecoderSize,
    readonly context: SequenceContext,
    readonly shelf: AdapterShelf,
    /** Told how a job ended: with an error, or well. */
    readonly onEnd: (job: Job, error?: unknown) => void,
  ) {
    this.#decoder = new Decoder(device, base, size);
    this.#pool = new SlotPool(size.slots);
  }

  /** Begins a job, or lets it wait until enough slots are free. */
  add(job: Job): void {
    this.#queue.push(job);
    this.#loop ??= this.#work().finally(() => this.#loop = undefined);
  }

  /** Lets go of an adapter that no job uses any more. */
  forget(lora: Lora): void {
    this.#pool.forget(lora);
    this.#decoder.forget();
  }

  /** Ends all jobs with an error and frees the slots. */
  close(): void {
    this.#closed = true;
    this.#failAll(new DOMException("the generator was closed", "AbortError"));
    this.#decoder.close();
  }

  async #work(): Promise<void> {
    try {
      while (!this.#closed && this.#queue.length + this.#active.length > 0) await this.#turn();
    } catch (error) {
      if (!this.#closed) this.#failAll(error);
    }
  }

  #failAll(error: unknown): void {
    const jobs = [...this.#active, ...this.#queue.splice(0)];
    this.#active = [];
    this.#running = undefined;
    for (const job of jobs) {
      for (const slot of job.slots) slot.ids = []; // nobody knows how far it came
      this.#end(job, error);
    }
  }

  #end(job: Job, error?: unknown): void {
    this.#pool.release(job.slots);
    job.slots = [];
    this.shelf.release(job.adapter);
    this.onEnd(job, error);
  }

  /** One round: who is done leaves, who waits comes in, and everyone goes on a little. */
  async #turn(): Promise<void> {
    await this.#drainUnlessSame();
    this.#sweep();
    this.#admit();
    await this.#prefill();
    await this.#drainUnlessSame();
    const decoding = this.#active.filter(({ rows, done }) => rows.length > 0 && !done);
    const onDevice = groupByLora(decoding.filter((job) => job.onDevice));
    const here = groupByLora(decoding.filter((job) => !job.onDevice));
    for (const [lora, jobs] of here) {
      await this.#drain();
      await this.#step(jobs, lora);
    }
    const alone = here.size === 0 && onDevice.size === 1;
    for (const [lora, jobs] of onDevice) {
      if (!alone) await this.#drain();
      await this.#advance(jobs, lora);
      if (!alone) await this.#drain();
    }
  }

  /** A run goes on as it is while all of its sequences do, and no other is ready to join. */
  async #drainUnlessSame(): Promise<void> {
    if (!this.#running) return;
    const { jobs } = this.#running;
    const decoding = this.#active.filter(({ rows }) => rows.length > 0);
    const same = decoding.length === jobs.length;
    if (!same || jobs.some(({ job }) => !job.wanted || job.done || !job.onDevice)) await this.#drain();
  }

  /** Lets jobs go that are done or that nobody waits for. */
  #sweep(): void {
    const gone = (job: Job) => job.done || !job.wanted;
    const waiting = this.#queue.filter(gone);
    const leaving = this.#active.filter(gone);
    if (waiting.length + leaving.length === 0) return;
    this.#queue.splice(0, Infinity, ...this.#queue.filter((job) => !waiting.includes(job)));
    this.#active = this.#active.filter((job) => !leaving.includes(job));
    for (const job of [...waiting, ...leaving]) this.#end(job, job.done ? undefined : abortReason(job));
  }

  /** Gives slots to those who wait, in their order. */
  #admit(): void {
    while (this.#queue[0]) {
      const job = this.#queue[0];
      const lease = this.#pool.take(job.prompt, job.lora, job.width);
      if (!lease) return;
      const [first] = lease.slots;
      if (first) this.#decoder.copySlot(lease.source.index, first.index, lease.reused);
      job.slots = lease.slots;
      job.prefilled = job.sequence.reusedTokens = lease.reused;
      this.#active.push(job);
      this.#queue.shift();
    }
  }

  /** Computes a part of the first prompt that is not complete. */
  async #prefill(): Promise<void> {
    const job = this.#active.find(({ rows, done }) => rows.length === 0 && !done);
    const slot = job?.slots[0];
    if (!job || !slot) return;
    const others = this.#active.some(({ rows }) => rows.length > 0);
    const most = (others ? chunksBeside : chunksAlone) * chunkTokens;
    const ids = job.prompt.slice(job.prefilled, job.prefilled + most);
    const used = job.prefilled;
    if (used + ids.length < job.prompt.length) {
      await this.#decoder.extend(slot.index, ids, used, job.lora);
      this.#taken(job, ids);
      // What was submitted cannot be taken back: an abort should not have to wait for more than this.
      await this.#decoder.device.gpu.queue.onSubmittedWorkDone();
      return;
    }
    const logits = await this.#decoder.prefill(slot.index, ids, used, job.lora);
    this.#taken(job, ids);
    this.#accept(job, [logits]);
  }

  #taken(job: Job, ids: readonly number[]): void {
    job.slots[0]?.ids.push(...ids);
    job.prefilled += ids.length;
  }

  #accept(job: Job, logits: readonly Float32Array[]): void {
    if (this.#closed || !job.wanted) return;
    job.accept(logits, (from, to) => this.#decoder.copySlot(from.index, to.index, from.ids.length));
  }

  /** One token more for jobs whose tokens are chosen on this side. */
  async #step(jobs: readonly Job[], lora: Lora | undefined): Promise<void> {
    const logits = await this.#decoder.step(jobs.flatMap((job) => job.decodeRows), lora);
    let at = 0;
    for (const job of jobs) {
      const own = logits.slice(at, at += job.rows.length);
      job.fed();
      this.#accept(job, own);
    }
  }

  /** Lets the device go on by itself, and takes the tokens of the block before. */
  async #advance(jobs: readonly Job[], lora: Lora | undefined): Promise<void> {
    const running = this.#running ??= this.#begin(jobs, lora);
    const left = Math.min(...running.jobs.map(({ sequence }) => sequence.left)) - running.ahead;
    const steps = Math.max(0, Math.min(left, running.run.left, this.#blockSteps()));
    const began = performance.now();
    const { ahead } = running;
    const results = await running.run.next(steps);
    if (ahead > 0) this.#msPerStep = 0.5 * this.#msPerStep + 0.5 * (performance.now() - began) / ahead;
    running.ahead = steps;
    if (steps === 0) this.#running = undefined;
    this.#take(running, results);
  }

  #begin(jobs: readonly Job[], lora: Lora | undefined): Running {
    const members = jobs.flatMap((job) => job.onDevice ? [{ job, sequence: job.onDevice }] : []);
    const { stopIds, vocabularySize } = this.context;
    const rows = members.map(({ job, sequence }) => job.runRow(sequence));
    return { run: this.#decoder.run(rows, { stopIds, vocabularySize }, lora), jobs: members, ahead: 0 };
  }

  /** Few where a step takes long, so that text flows. */
  #blockSteps(): number {
    const waiting = this.#active.some(({ rows, done }) => rows.length === 0 && !done);
    return Math.max(1, Math.min(mostSteps, Math.round(blockMs / this.#msPerStep / (waiting ? shorter : 1))));
  }

  /** Reads the block that the device works at, and begins no other. */
  async #drain(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running) this.#take(running, await running.run.next(0));
  }

  #take({ jobs }: Running, steps: readonly (readonly SampleResult[])[]): void {
    if (this.#closed) return;
    for (const results of steps) {
      for (const [i, { job, sequence }] of jobs.entries()) {
        const result = results[i];
        if (!result || job.done || !job.wanted || !job.onDevice) continue;
        if (result.undecided) {
          job.leaveDevice();
          continue;
        }
        job.fed();
        job.done = sequence.take(result);
        job.rows = job.rows.map(({ slot }) => ({ slot, id: result.id }));
      }
    }
  }
}

function abortReason(job: Job): unknown {
  return job.sequence.request.signal?.reason ?? new DOMException("the request was cancelled", "AbortError");
}

function groupByLora(jobs: readonly Job[]): Map<Lora | undefined, Job[]> {
  return Map.groupBy(jobs, (job) => job.lora);
}
