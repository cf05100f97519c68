// What the operating system says of the memory of graphics cards, which WebGPU does not tell.

/** What is asked of the machine; another in tests. */
export interface System {
  readonly os: typeof Deno.build.os;
  /** Names in a folder; none where there is no such folder. */
  list(folder: string): readonly string[];
  /** The text of a file; undefined where it cannot be read. */
  read(path: string): string | undefined;
  /** What a program prints within two seconds; undefined where it is missing or fails. */
  run(program: string, args: readonly string[]): Promise<string | undefined>;
  /** Bytes of the machine's own memory that are free. */
  available(): number;
}

/** A graphics card's memory in bytes. */
export interface CardMemory {
  /** Who says so. */
  readonly source: "amdgpu" | "nvidia-smi" | "sysctl";
  readonly name: string;
  /** PCI number of the model; 0 where it is not known. */
  readonly device: number;
  readonly total: number;
  readonly free: number;
  /** The part that the processor can see, where the system tells it. */
  readonly visible?: number;
}

/** PCI numbers of the makers. */
export const vendors = { amd: 0x1002, nvidia: 0x10de, apple: 0x106b } as const;

function quietly<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined; // no such thing, or it may not be asked
  }
}

/** This machine. */
export const thisSystem: System = {
  os: Deno.build.os,
  list: (folder) => quietly(() => [...Deno.readDirSync(folder)].map(({ name }) => name)) ?? [],
  read: (path) => quietly(() => Deno.readTextFileSync(path)),
  async run(program, args) {
    try {
      const signal = AbortSignal.timeout(2000);
      const command = new Deno.Command(program, { args: [...args], stdin: "null", stderr: "null", signal });
      const { success, stdout } = await command.output();
      return success ? new TextDecoder().decode(stdout) : undefined;
    } catch {
      return undefined;
    }
  },
  available: () => Deno.systemMemoryInfo().available,
};

/** AMD's cards by the kernel's driver. Errors: none; what cannot be read is left out. */
export function amdCards({ list, read }: Pick<System, "list" | "read">): CardMemory[] {
  return list("/sys/class/drm").filter((name) => /^card\d+$/.test(name)).sort().flatMap((name): CardMemory[] => {
    const number = (file: string) => Number(read(`/sys/class/drm/${name}/device/${file}`)?.trim() || NaN);
    const [total, used, visible] = [
      number("mem_info_vram_total"),
      number("mem_info_vram_used"),
      number("mem_info_vis_vram_total"),
    ];
    if (!(total > 0)) return [];
    return [{
      source: "amdgpu",
      name,
      device: number("device") || 0,
      total,
      free: total - (used || 0),
      ...(visible > 0 && { visible }),
    }];
  });
}

/** NVIDIA's cards by nvidia-smi. */
export async function nvidiaCards({ run }: Pick<System, "run">): Promise<CardMemory[]> {
  const fields = "name,memory.total,memory.free,pci.device_id";
  const printed = await run("nvidia-smi", [`--query-gpu=${fields}`, "--format=csv,noheader,nounits"]);
  return (printed ?? "").trim().split("\n").flatMap((line): CardMemory[] => {
    const [name = "", total, free, device] = line.split(",").map((field) => field.trim());
    const [bytes, left] = [Number(total) * 2 ** 20, Number(free) * 2 ** 20];
    if (!(bytes > 0 && left >= 0)) return [];
    // The model's number stands above that of the maker.
    return [{ source: "nvidia-smi", name, device: Number(device) >>> 16, total: bytes, free: left }];
  });
}

/** What macOS lets the GPU wire down of the machine's memory. */
export async function appleMemory({ run }: Pick<System, "run">): Promise<CardMemory[]> {
  const number = async (name: string) => Number(await run("sysctl", ["-n", name]) ?? NaN);
  const memory = await number("hw.memsize");
  if (!(memory > 0)) return [];
  const limit = await number("iogpu.wired_limit_mb") * 2 ** 20; // 0 unless somebody set it
  // Metal's recommendedMaxWorkingSetSize, as it is where nobody did.
  const total = limit > 0 ? limit : Math.floor(memory * (memory > 36 * 2 ** 30 ? 3 / 4 : 2 / 3));
  return [{ source: "sysctl", name: "", device: 0, total, free: total }];
}
