// Copies of activations as textures, for kernels that read them as texels. A copy is made when a kernel wants to read a
// tensor and none of its present values is there; it is worth it where elements are read more than once or twice.
import type { Device } from "./device.ts";
import type { Tensor } from "./tensor.ts";
import { copyToTexels, texelFormat, texelRows } from "./texels.ts";

/** One texture of the pool, and the tensor whose values it holds. */
interface Copy {
  readonly texture: GPUTexture;
  readonly element: string;
  readonly height: number;
  /** The tensor that was copied; undefined once its values have changed. */
  of?: { readonly buffer: GPUBuffer; readonly offset: number; readonly bytes: number } | undefined;
  /** When it was last read: the least recent is overwritten first. */
  used: number;
}

/** More than any kernel reads at once. */
const most = 8;

/** The copies of one stream. They are good until the stream submits, since others may write to buffers between submits. */
export class TexelCopies {
  readonly #device: Device;
  readonly #copies: Copy[] = [];
  #clock = 0;

  constructor(device: Device) {
    this.#device = device;
  }

  /**
   * The texture that holds a tensor's values, copied by `encoder()` where it does not yet. `reserved` are textures that the
   * same dispatch reads. A texture that is too small for every use is replaced: `retire` is called with it.
   */
  of(
    tensor: Tensor,
    element: string,
    reserved: readonly GPUTexture[],
    encoder: () => GPUCommandEncoder,
    retire: (texture: GPUTexture) => void,
  ): GPUTexture {
    const { buffer, byteOffset: offset, byteLength: bytes } = tensor;
    const found = this.#copies.find((copy) =>
      copy.of?.buffer === buffer && copy.of.offset === offset && copy.of.bytes >= bytes && copy.element === element
    );
    const copy = found ?? this.#free(bytes, element, reserved, retire);
    if (!found) {
      copyToTexels(encoder(), { buffer, offset, bytes }, copy.texture, texelFormat(element)!);
      copy.of = { buffer, offset, bytes };
    }
    copy.used = ++this.#clock;
    return copy.texture;
  }

  /** A texture that may be overwritten and holds `bytes`. */
  #free(
    bytes: number,
    element: string,
    reserved: readonly GPUTexture[],
    retire: (texture: GPUTexture) => void,
  ): Copy {
    const height = texelRows(bytes, texelFormat(element)!);
    const free = this.#copies.filter(({ texture }) => !reserved.includes(texture));
    const oldest = (copies: Copy[]) => copies.toSorted((a, b) => Number(!!a.of) - Number(!!b.of) || a.used - b.used)[0];
    const fits = (copy: Copy) => copy.element === element && copy.height >= height && copy.height <= 4 * height;
    if (this.#copies.length >= most) {
      const fitting = oldest(free.filter(fits));
      if (fitting) return fitting;
      const gone = oldest(free)!;
      this.#copies.splice(this.#copies.indexOf(gone), 1);
      retire(gone.texture);
    } else {
      const unused = oldest(free.filter((copy) => fits(copy) && !copy.of));
      if (unused) return unused;
    }
    const rounded = 2 ** Math.ceil(Math.log2(height));
    const texture = this.#device.createTexels("copy", element, rounded, 0);
    const copy: Copy = { texture, element, height: rounded, used: 0 };
    this.#copies.push(copy);
    return copy;
  }

  /** Forgets the copies of what a tensor that is written to covers. */
  written({ buffer, byteOffset, extent }: Tensor): void {
    for (const copy of this.#copies) {
      const of = copy.of;
      if (of?.buffer === buffer && of.offset < byteOffset + extent && byteOffset < of.offset + of.bytes) {
        copy.of = undefined;
      }
    }
  }

  /** Forgets all copies; their textures stay for the next ones. */
  forget(): void {
    for (const copy of this.#copies) copy.of = undefined;
  }

  /** Frees the textures. */
  close(): void {
    for (const { texture } of this.#copies) this.#device.destroyTexels(texture);
    this.#copies.length = 0;
  }
}
