// The graphics cards of a Linux machine, read from sysfs: no driver is started, and a card without one is seen as well.
import { join } from "@std/path";

/** A graphics card on the PCI bus. */
export interface Card {
  /** Where it is on the bus, such as `0000:01:00.0`. */
  readonly address: string;
  /** PCI's numbers. */
  readonly vendorId: number;
  readonly deviceId: number;
  /** Its maker and model where a list or the driver tells, else PCI's numbers. */
  readonly name: string;
  /** True for one that shares the processor's memory, as far as can be told from outside. */
  readonly integrated: boolean;
}

/** Makers of cards that compute. Display controllers of servers and virtual machines have others. */
export const CARD_VENDORS: Readonly<Record<number, string>> = { 0x10de: "NVIDIA", 0x1002: "AMD", 0x8086: "Intel" };

/** AMD's integrated cards get no more than this of the machine's memory; cards with less of their own are weak as well. */
const integratedMemory = 4.5e9;

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return [];
  }
}

/** Folders of all cards, by address: what has a driver of the kernel's, and what has none yet. */
function folders(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const drm = join(root, "sys/class/drm");
  for (const name of namesIn(drm).filter((name) => /^card\d+$/.test(name))) {
    const folder = join(drm, name, "device");
    const address = read(join(folder, "uevent"))?.match(/^PCI_SLOT_NAME=(.+)$/m)?.[1];
    if (address !== undefined) found.set(address, folder);
  }
  const pci = join(root, "sys/bus/pci/devices");
  for (const address of namesIn(pci)) {
    // Class 3 is display controllers.
    if (read(join(pci, address, "class"))?.startsWith("0x03")) found.set(address, join(pci, address));
  }
  return found;
}

/** The line of a list of PCI's numbers (pci.ids) that names a device. */
function listedName(root: string, vendorId: number, deviceId: number): string | undefined {
  const hex = (id: number) => id.toString(16).padStart(4, "0");
  for (const path of ["usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"]) {
    const list = read(join(root, path));
    const start = list?.search(new RegExp(`^${hex(vendorId)}  `, "m")) ?? -1;
    if (list === undefined || start < 0) continue;
    const [, ...lines] = list.slice(start).split("\n");
    const end = lines.findIndex((line) => /^[0-9a-f]/.test(line));
    const own = lines.slice(0, end < 0 ? undefined : end).find((line) => line.startsWith(`\t${hex(deviceId)}  `));
    if (own !== undefined) return own.slice(7);
  }
  return undefined;
}

function isIntegrated(folder: string, address: string, vendorId: number): boolean {
  if (vendorId === 0x8086) return address.split(":")[1] === "00";
  if (vendorId !== 0x1002) return false;
  const memory = read(join(folder, "mem_info_vram_total"));
  return memory !== undefined && Number(memory) < integratedMemory;
}

/** The cards of the makers above, by address. Empty elsewhere than on Linux. */
export function readCards(root = "/"): Card[] {
  const cards: Card[] = [];
  for (const [address, folder] of folders(root)) {
    const vendorId = Number(read(join(folder, "vendor")));
    const deviceId = Number(read(join(folder, "device")));
    const vendor = CARD_VENDORS[vendorId];
    if (vendor === undefined || Number.isNaN(deviceId)) continue;
    const told = read(join(root, "proc/driver/nvidia/gpus", address, "information"))?.match(/^Model:\s*(.+)$/m)?.[1];
    const listed = told ?? listedName(root, vendorId, deviceId);
    const name = listed?.startsWith(vendor)
      ? listed
      : `${vendor} ${listed ?? `${vendorId.toString(16)}:${deviceId.toString(16).padStart(4, "0")}`}`;
    cards.push({ address, vendorId, deviceId, name, integrated: isIntegrated(folder, address, vendorId) });
  }
  return cards.sort((a, b) => a.address < b.address ? -1 : 1);
}
