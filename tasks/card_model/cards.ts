// What graphics cards can do at most, by their makers' papers.

/** A graphics card. */
export interface Card {
  readonly name: string;
  /** The target of shader-stats whose instructions are taken, and whether they are those of another card. */
  readonly target: "navi21" | "navi31" | "tu102" | "ga106";
  readonly standsIn: boolean;
  /** Multiprocessors, compute units or cores. */
  readonly units: number;
  /** GHz under load. */
  readonly clock: number;
  /** SIMDs of a unit. */
  readonly simds: number;
  /** Float32 multiply-adds of a unit in a clock. */
  readonly multiplyAdds: number;
  /** Instructions of single threads that a unit begins in a clock. */
  readonly issued: number;
  /** Products of four bytes (four multiply-adds each) of a unit in a clock; 0: none in hardware. */
  readonly byteProducts: number;
  /** Bytes of a unit's workgroup memory in a clock, and of its first cache. */
  readonly sharedBytes: number;
  readonly cacheBytes: number;
  /** GB/s of the card's memory. */
  readonly bandwidth: number;
  /** Bytes of the card's memory. */
  readonly memory: number;
  /** Kilobytes of registers of a unit. */
  readonly registers: number;
  /** Where these stand. */
  readonly source: string;
}

const nvidia = { simds: 4, issued: 128, byteProducts: 64, registers: 256 } as const;
const ampere = { ...nvidia, multiplyAdds: 128, sharedBytes: 128, cacheBytes: 128 } as const;
const rdna = { simds: 2, issued: 64, byteProducts: 64, sharedBytes: 128, cacheBytes: 64 } as const;

/** The card of the original, and others that people own. */
export const CARDS: readonly Card[] = [
  {
    ...nvidia,
    ...{ name: "RTX 2080 Ti", target: "tu102", standsIn: false, units: 68, clock: 1.545 },
    ...{ multiplyAdds: 64, sharedBytes: 64, cacheBytes: 64, bandwidth: 616, memory: 11e9 },
    source:
      "NVIDIA Turing GPU Architecture (WP-09183-001); bytes in a clock: Jia et al. 2019, https://arxiv.org/abs/1903.07486",
  },
  {
    ...ampere,
    ...{
      name: "RTX 3060 12 GB",
      target: "ga106",
      standsIn: false,
      units: 28,
      clock: 1.777,
      bandwidth: 360,
      memory: 12e9,
    },
    source: "NVIDIA Ampere GA102 GPU Architecture (V2), and the card's page at nvidia.com",
  },
  {
    ...ampere,
    ...{ name: "RTX 4090", target: "ga106", standsIn: true, units: 128, clock: 2.52, bandwidth: 1008, memory: 24e9 },
    source: "NVIDIA Ada GPU Architecture (V2)",
  },
  {
    ...rdna,
    ...{ name: "RX 6800", target: "navi21", standsIn: false, units: 60, clock: 2.105, multiplyAdds: 64 },
    ...{ registers: 256, bandwidth: 512, memory: 16e9 },
    source: "AMD RDNA Architecture white paper, and the card's page at amd.com",
  },
  {
    ...rdna,
    ...{ name: "RX 7900 XTX", target: "navi31", standsIn: false, units: 96, clock: 2.5, multiplyAdds: 128 },
    ...{ registers: 384, bandwidth: 960, memory: 24e9 },
    source:
      "AMD RDNA 3 Instruction Set Architecture, and the card's page at amd.com; two multiply-adds in one count as two issued",
  },
  {
    ...{
      name: "Arc A770 16 GB",
      target: "navi21",
      standsIn: true,
      units: 32,
      clock: 2.1,
      simds: 16,
      multiplyAdds: 128,
    },
    ...{ issued: 128, byteProducts: 128, sharedBytes: 128, cacheBytes: 128, registers: 512 },
    ...{ bandwidth: 560, memory: 16e9 },
    source: "Intel Arc A770's page at intel.com, and the oneAPI GPU Optimization Guide (Xe-HPG)",
  },
  {
    ...{ name: "Apple M2 (10 cores)", target: "navi21", standsIn: true, units: 10, clock: 1.398, simds: 4 },
    ...{ multiplyAdds: 128, issued: 128, byteProducts: 0, sharedBytes: 128, cacheBytes: 64, registers: 208 },
    ...{ bandwidth: 100, memory: 16e9 },
    source:
      "Apple's announcement of M2 (3.6 TFLOP/s, 100 GB/s); bytes in a clock: github.com/philipturner/metal-benchmarks",
  },
];

/** A second's float32 multiply-adds at most. */
export function peakMultiplyAdds({ units, clock, multiplyAdds }: Card): number {
  return units * multiplyAdds * clock * 1e9;
}
