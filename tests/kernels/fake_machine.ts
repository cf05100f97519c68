import { dirname, join } from "@std/path";

/** Does `use` with a folder that has these files, as the root of a machine's file system. */
export async function withFiles(
  files: Readonly<Record<string, string>>,
  use: (root: string) => void | Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "vicuna-machine-" });
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    await use(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Files of a card as sysfs has them on the bus, and below `card` as well where the kernel has a driver for it. */
export function cardFiles(
  address: string,
  ids: string,
  { card, more = {} }: { readonly card?: string; readonly more?: Readonly<Record<string, string>> } = {},
): Record<string, string> {
  const [vendor, device] = ids.split(":");
  const own: Record<string, string> = {
    class: "0x030000\n",
    vendor: `0x${vendor}\n`,
    device: `0x${device}\n`,
    uevent: `DRIVER=x\nPCI_CLASS=30000\nPCI_ID=${ids}\nPCI_SLOT_NAME=${address}\n`,
    ...more,
  };
  const folders = [`sys/bus/pci/devices/${address}`, ...card ? [`sys/class/drm/${card}/device`] : []];
  return Object.fromEntries(
    folders.flatMap((folder) => Object.entries(own).map(([name, text]) => [`${folder}/${name}`, text])),
  );
}
