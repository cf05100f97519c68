// Where the values of a frozen weight lie, without a device: planners list the buffers that createWeight then makes.

/** How a frozen weight is stored: 4 bits with factors, int8 with one scale a row, or float32. */
export type WeightBits = 4 | 8 | 32;

/** The kinds of buffers that hold a weight, see {@linkcode rowBytes}. */
export type WeightBufferKind = "blocks" | "factors" | "scales";

/** A buffer of a weight before it is made. */
export interface WeightBuffer {
  /** What follows the weight's name in the buffer's label. */
  readonly suffix: string;
  readonly bytes: number;
}

/** A stretch of whole rows of blocks, in buffers of its own. */
export interface PartLayout {
  readonly firstRow: number;
  /** A multiple of 4. */
  readonly rows: number;
  readonly buffers: Readonly<Partial<Record<WeightBufferKind, WeightBuffer>>>;
}

/**
 * Bytes of a row in each kind of buffer; 0 where there is none. Columns must be a multiple of 4. Rows lie in groups of
 * four, so these are a quarter of what four rows take: 4 bits take 4.5 bits a value with factors, and a scale a row.
 */
export function rowBytes(columns: number, bits: WeightBits): Readonly<Record<WeightBufferKind, number>> {
  const eighths = Math.ceil(columns / 8);
  return {
    blocks: bits === 4 ? eighths * 4 : columns * bits / 8,
    factors: bits === 4 ? Math.ceil(eighths / 2) : 0,
    scales: bits === 32 ? 0 : 4,
  };
}

function padTo(count: number, unit: number): number {
  return Math.ceil(count / unit) * unit;
}

/**
 * Cuts a weight into parts of about the same size, none of whose buffers has more than `maxBytes`. Errors: four rows
 * have more.
 */
export function partLayouts(rows: number, columns: number, bits: WeightBits, maxBytes: number): PartLayout[] {
  const padded = padTo(rows, 4);
  const bytes = rowBytes(columns, bits);
  const most = Math.floor(maxBytes / Math.max(bytes.blocks, bytes.factors, bytes.scales) / 4) * 4;
  if (most === 0) {
    throw new RangeError(
      `cannot store rows of ${columns} columns: four take ${4 * bytes.blocks} bytes, over ${maxBytes}`,
    );
  }
  const step = padTo(padded / Math.ceil(padded / most), 4);
  const count = Math.ceil(padded / step);
  return Array.from({ length: count }, (_, i) => {
    const firstRow = i * step;
    const rows = Math.min(step, padded - firstRow);
    const part = count > 1 ? ` part ${i + 1}` : "";
    const buffer = (kind: WeightBufferKind) =>
      bytes[kind] && { [kind]: { suffix: kind === "blocks" ? part : `${part} ${kind}`, bytes: rows * bytes[kind] } };
    return { firstRow, rows, buffers: { ...buffer("blocks"), ...buffer("factors"), ...buffer("scales") } };
  });
}

/**
 * The buffers that `createWeight` makes for W (rows, columns) where a binding holds `maxBytes` at most, to the byte.
 * Columns must be a multiple of 4.
 */
export function weightBuffers(rows: number, columns: number, bits: WeightBits, maxBytes: number): WeightBuffer[] {
  return partLayouts(rows, columns, bits, maxBytes).flatMap(({ buffers }) => Object.values(buffers));
}
