// The devices that a process can be made to compute on, and the environment that does it. WebGPU itself names none.
import { type Card, readCards } from "./cards.ts";
import { DeviceChoiceError } from "./device_error.ts";
import { mesaVersion } from "./driver_version.ts";
import { driverManifests, hasDeviceSelectLayer, type Manifest } from "./vulkan_files.ts";

/** Where requestAdapter finds what to ask for, where no driver reads a variable. */
export const REQUEST_VARIABLE = "VICUNA_ADAPTER";

/** Why a device cannot be chosen: no Vulkan driver, no layer of Mesa's, a layer that confuses cards of one model. */
export type Obstacle = "driver" | "layer" | "model";

/** A device that computing can be put on. */
export interface ListedDevice {
  readonly name: string;
  /** A graphics card, a driver on the processor, or no more than a wish that the system weighs. */
  readonly kind: "card" | "software" | "wish";
  /** Further names that it goes by. */
  readonly aliases: readonly string[];
  /** What the system says of a card. */
  readonly card?: Card;
  /** Why it cannot be chosen; absent where it can. */
  readonly obstacle?: Obstacle;
  /** The variables that choose it, to be set before the first request for an adapter. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Whose driver a manifest is of, by its file name. */
const cardDrivers: Readonly<Record<number, RegExp>> = {
  0x10de: /nvidia|nouveau/i,
  0x1002: /radeon|amd/i,
  0x8086: /intel/i,
};

const softwareDrivers = [
  { name: "llvmpipe", pattern: /lvp|lavapipe/i },
  { name: "SwiftShader", pattern: /swiftshader/i },
];

/** The first version of Mesa whose layer is known to tell cards of one model apart; 22.3 takes the other one. */
const tellsModelsApart = 24;

/** What is known of a Linux machine. */
export interface Machine {
  readonly cards: readonly Card[];
  readonly manifests: readonly Manifest[];
  /** Whether Mesa's layer is there. */
  readonly layer: boolean;
  /** Version of Mesa, such as `22.3.6`. */
  readonly mesa: string | undefined;
}

function listCard(card: Card, { cards, manifests, layer, mesa }: Machine): ListedDevice {
  const hasDriver = ({ vendorId }: Card) => manifests.some(({ name }) => cardDrivers[vendorId]?.test(name));
  const others = cards.filter((other) => other !== card && hasDriver(other));
  const twin = others.some(({ vendorId, deviceId }) => vendorId === card.vendorId && deviceId === card.deviceId);
  const obstacle = !hasDriver(card)
    ? "driver"
    : others.length > 0 && !layer
    ? "layer"
    : twin && parseInt(mesa ?? "") < tellsModelsApart
    ? "model"
    : undefined;
  const hex = (id: number) => id.toString(16).padStart(4, "0");
  return {
    name: card.name,
    kind: "card",
    aliases: [card.address],
    card,
    ...(obstacle && { obstacle }),
    environment: {
      // The layer looks at the model first, and then would take any card of it.
      ...(!twin && { MESA_VK_DEVICE_SELECT: `${hex(card.vendorId)}:${hex(card.deviceId)}` }),
      DRI_PRIME: `pci-${card.address.replaceAll(/[:.]/g, "_")}`,
      MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE: "1",
    },
  };
}

/** The devices of a Linux machine: its cards in the order of their addresses, then drivers on the processor. */
export function listLinuxDevices(machine: Machine): ListedDevice[] {
  const software = softwareDrivers.flatMap(({ name, pattern }): ListedDevice[] => {
    const manifest = machine.manifests.find((manifest) => pattern.test(manifest.name));
    if (manifest === undefined) return [];
    const environment = { VK_DRIVER_FILES: manifest.path, VK_ICD_FILENAMES: manifest.path };
    return [{ name, kind: "software", aliases: [manifest.name], environment }];
  });
  const [first, ...rest] = software;
  return [
    ...machine.cards.map((card) => listCard(card, machine)),
    ...first ? [{ ...first, aliases: ["cpu", "software", ...first.aliases] }, ...rest] : [],
  ];
}

function wish(name: string, request: string, kind: ListedDevice["kind"], ...aliases: string[]): ListedDevice {
  return { name, kind, aliases, environment: { [REQUEST_VARIABLE]: request } };
}

/** What can be chosen where the system does not let one name a card. */
const wishes: Readonly<Record<string, readonly ListedDevice[]>> = {
  darwin: [wish("high-performance", "high-performance", "wish"), wish("low-power", "low-power", "wish")],
  windows: [
    wish("high-performance", "high-performance", "wish"),
    wish("low-power", "low-power", "wish"),
    wish("WARP", "software", "software", "cpu", "software"),
  ],
};

/** Has the list for processes that may not look at the machine. */
const LIST_VARIABLE = "VICUNA_DEVICES";

let listed: readonly ListedDevice[] | undefined;

/** The devices of this machine, in the order of their numbers. Starts no driver. */
export function listDevices(): readonly ListedDevice[] {
  // Once: a choice changes the environment, and what the loader would find with it.
  return listed ??= toldDevices() ?? wishes[Deno.build.os] ?? listLinuxDevices({
    cards: readCards(),
    manifests: driverManifests(),
    layer: hasDeviceSelectLayer(),
    mesa: mesaVersion(),
  });
}

function toldDevices(): readonly ListedDevice[] | undefined {
  const told = Deno.env.get(LIST_VARIABLE);
  return told === undefined ? undefined : JSON.parse(told);
}

/** Tells the devices to processes that are started later. */
export function passDevicesOn(): void {
  Deno.env.set(LIST_VARIABLE, JSON.stringify(listDevices()));
}

const obstacles: Readonly<Record<Obstacle, string>> = {
  driver: "it has no Vulkan driver; install its vendor's",
  layer: "choosing among cards wants Mesa's device-select layer (Debian: mesa-vulkan-drivers)",
  model: "another card is of the same model, and only Mesa 24 or newer tells them apart",
};

/**
 * The device with a number in the list, or with a part of its name or its PCI address.
 *
 * @throws {DeviceChoiceError} for none, for several, and for one that cannot be chosen; the error lists what there is
 */
export function findDevice(wanted: string, devices: readonly ListedDevice[]): ListedDevice {
  const list = devices.map(({ name }, i) => `${i} ${name}`).join(", ") || "none that could be chosen";
  const text = wanted.trim().toLowerCase();
  const names = (device: ListedDevice) => [device.name, ...device.aliases].map((name) => name.toLowerCase());
  const isNumber = /^\d{1,2}$/.test(text); // longer ones are of models
  const exact = isNumber
    ? devices.slice(Number(text), Number(text) + 1)
    : devices.filter((device) => names(device).includes(text));
  const [device, another] = exact.length > 0 || isNumber || text === ""
    ? exact
    : devices.filter((device) => names(device).some((name) => name.includes(text)));
  if (device === undefined) throw new DeviceChoiceError(`there is no device ${wanted}; there are: ${list}`);
  if (another !== undefined) {
    throw new DeviceChoiceError(`several devices are called ${wanted}: name one by its number; there are: ${list}`);
  }
  if (device.obstacle !== undefined) {
    throw new DeviceChoiceError(`cannot choose ${device.name}: ${obstacles[device.obstacle]}; there are: ${list}`);
  }
  return device;
}
