import type { Lora } from "../training/lora.ts";

/** An adapter, and who uses it. */
export interface ShelvedAdapter {
  readonly lora: Lora;
  /** Whether it is freed when nobody uses it any more. */
  readonly owned: boolean;
  uses: number;
  /** Set when it was taken off the shelf: settles when it is freed. */
  retired: PromiseWithResolvers<void> | undefined;
}

/** Adapters by name. One that was taken off, or replaced, stays until the requests that use it are done. */
export class AdapterShelf {
  readonly #adapters = new Map<string, ShelvedAdapter>();
  readonly #onFree: (lora: Lora) => void;

  /** `onFree` is told of each adapter before it is freed. */
  constructor(onFree: (lora: Lora) => void) {
    this.#onFree = onFree;
  }

  /** Names in the order of putting up. */
  get names(): readonly string[] {
    return [...this.#adapters.keys()];
  }

  /** Puts an adapter up; one of the same name is taken off. It stays the caller's unless it is `owned`. */
  put(name: string, lora: Lora, owned: boolean): void {
    this.remove(name);
    this.#adapters.set(name, { lora, owned, uses: 0, retired: undefined });
  }

  /** Takes an adapter off; settles when it is freed. Nothing happens when there is none of this name. */
  remove(name: string): Promise<void> {
    const adapter = this.#adapters.get(name);
    if (!adapter) return Promise.resolve();
    this.#adapters.delete(name);
    adapter.retired = Promise.withResolvers();
    this.#freeIfUnused(adapter);
    return adapter.retired.promise;
  }

  /**
   * The adapter of a name, to be given back with {@linkcode AdapterShelf.release}; undefined for no name.
   *
   * @throws {RangeError} when there is none of this name
   */
  use(name: string | undefined): ShelvedAdapter | undefined {
    if (name === undefined) return undefined;
    const adapter = this.#adapters.get(name);
    if (!adapter) throw new RangeError(`no adapter named ${name} is loaded`);
    adapter.uses++;
    return adapter;
  }

  /** Gives back what {@linkcode AdapterShelf.use} gave. */
  release(adapter: ShelvedAdapter | undefined): void {
    if (!adapter) return;
    adapter.uses--;
    this.#freeIfUnused(adapter);
  }

  #freeIfUnused(adapter: ShelvedAdapter): void {
    if (!adapter.retired || adapter.uses > 0) return;
    this.#onFree(adapter.lora);
    if (adapter.owned) adapter.lora.close();
    adapter.retired.resolve();
  }
}
