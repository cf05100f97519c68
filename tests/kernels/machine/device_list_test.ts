import { assertEquals, assertThrows } from "@std/assert";
import type { Card } from "../../../kernels/machine/cards.ts";
import { DeviceChoiceError } from "../../../kernels/machine/device_error.ts";
import { findDevice, listLinuxDevices, type Machine } from "../../../kernels/machine/device_list.ts";
import { driverManifests, hasDeviceSelectLayer } from "../../../kernels/machine/vulkan_files.ts";
import { join } from "@std/path";
import { withFiles } from "../fake_machine.ts";

const card = (address: string, vendorId: number, deviceId: number, name: string): Card => ({
  ...{ address, vendorId, deviceId, name },
  integrated: false,
});
const intel = card("0000:00:02.0", 0x8086, 0x3e92, "Intel UHD Graphics 630");
const nvidia = card("0000:01:00.0", 0x10de, 0x2684, "NVIDIA GeForce RTX 4090");
const twin = card("0000:02:00.0", 0x10de, 0x2684, "NVIDIA GeForce RTX 4090");

const machine = (values: Partial<Machine>): Machine => ({
  cards: [intel, nvidia],
  manifests: ["intel_icd.x86_64.json", "lvp_icd.x86_64.json", "nvidia_icd.json"].map((name) => ({
    name,
    path: `/icd/${name}`,
  })),
  layer: true,
  mesa: "25.0.7",
  ...values,
});

Deno.test("cards are chosen by Mesa's layer, the driver on the processor by its manifest", () => {
  const devices = listLinuxDevices(machine({}));
  assertEquals(devices.map(({ name, obstacle }) => [name, obstacle]), [
    [intel.name, undefined],
    [nvidia.name, undefined],
    ["llvmpipe", undefined],
  ]);
  assertEquals(findDevice("1", devices).environment, {
    MESA_VK_DEVICE_SELECT: "10de:2684",
    DRI_PRIME: "pci-0000_01_00_0",
    MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE: "1",
  });
  assertEquals(findDevice("cpu", devices).environment, {
    VK_DRIVER_FILES: "/icd/lvp_icd.x86_64.json",
    VK_ICD_FILENAMES: "/icd/lvp_icd.x86_64.json",
  });
});

Deno.test("two cards of one model are told apart by their addresses alone, and by an old Mesa not at all", () => {
  const cards = [nvidia, twin];
  assertEquals(findDevice("1", listLinuxDevices(machine({ cards }))).environment, {
    DRI_PRIME: "pci-0000_02_00_0",
    MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE: "1",
  });
  const old = listLinuxDevices(machine({ cards, mesa: "22.3.6" }));
  assertEquals(old.map(({ obstacle }) => obstacle), ["model", "model", undefined]);
  assertThrows(() => findDevice("1", old), DeviceChoiceError, "another card is of the same model");
});

Deno.test("what cannot be chosen is said: a card without a driver, and one of two without the layer", () => {
  const manifests = machine({}).manifests.filter(({ name }) => !name.startsWith("nvidia"));
  const without = listLinuxDevices(machine({ manifests }));
  assertEquals(without.map(({ obstacle }) => obstacle), [undefined, "driver", undefined]);
  assertThrows(() => findDevice("nvidia", without), DeviceChoiceError, "it has no Vulkan driver");
  const bare = listLinuxDevices(machine({ layer: false }));
  assertEquals(bare.map(({ obstacle }) => obstacle), ["layer", "layer", undefined]);
  assertThrows(() => findDevice("0", bare), DeviceChoiceError, "device-select layer");
  // The only card needs no layer.
  assertEquals(listLinuxDevices(machine({ cards: [nvidia], layer: false }))[0]?.obstacle, undefined);
});

Deno.test("a device is found by number, name, a part of the name, or address; the error lists what there is", () => {
  const devices = listLinuxDevices(machine({}));
  for (const wanted of ["1", "nvidia geforce rtx 4090", "RTX", "4090", "0000:01:00.0"]) {
    assertEquals(findDevice(wanted, devices).name, nvidia.name, wanted);
  }
  assertEquals(findDevice("LLVMpipe", devices).name, "llvmpipe");
  const list = "there are: 0 Intel UHD Graphics 630, 1 NVIDIA GeForce RTX 4090, 2 llvmpipe";
  for (const wanted of ["3", "radeon", ""]) {
    assertThrows(() => findDevice(wanted, devices), DeviceChoiceError, `there is no device ${wanted}; ${list}`);
  }
  const twins = listLinuxDevices(machine({ cards: [nvidia, twin] }));
  assertThrows(
    () => findDevice("rtx", twins),
    DeviceChoiceError,
    "several devices are called rtx: name one by its number",
  );
  assertThrows(() => findDevice("cpu", []), DeviceChoiceError, "there are: none that could be chosen");
});

Deno.test("manifests and the layer are found where Vulkan's loader looks, unless the environment names manifests", () =>
  withFiles({
    "usr/share/vulkan/icd.d/lvp_icd.x86_64.json": "{}",
    "usr/share/vulkan/icd.d/notes.txt": "",
    "etc/vulkan/icd.d/nvidia_icd.json": "{}",
    "home/vulkan/icd.d/radeon_icd.json": "{}",
    "usr/share/vulkan/implicit_layer.d/VkLayer_MESA_device_select.json": "{}",
  }, (root) => {
    const env = (values: Record<string, string>) => (name: string) => values[name];
    const home = { XDG_DATA_HOME: join(root, "home") };
    assertEquals(driverManifests(root, env(home)).map(({ name }) => name), [
      "lvp_icd.x86_64.json",
      "nvidia_icd.json",
      "radeon_icd.json",
    ]);
    const path = join(root, "etc/vulkan/icd.d/nvidia_icd.json");
    const named = { ...home, VK_ICD_FILENAMES: `/nonexistent.json:${path}` };
    assertEquals(driverManifests(root, env(named)), [{ path, name: "nvidia_icd.json" }]);
    assertEquals(hasDeviceSelectLayer(root, env(home)), true);
    assertEquals(hasDeviceSelectLayer(join(root, "home"), env({})), false);
  }));
