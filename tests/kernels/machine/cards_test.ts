import { assertEquals } from "@std/assert";
import { readCards } from "../../../kernels/machine/cards.ts";
import { cardFiles, withFiles } from "../fake_machine.ts";

const pciIds = [
  "# a list",
  "1002  Advanced Micro Devices, Inc. [AMD/ATI]",
  "\t73bf  Navi 21 [Radeon RX 6800]",
  "\t\t1002 0e3a  A board of that model",
  "8086  Intel Corporation",
  "\t3e92  UHD Graphics 630",
  "\t73bf  Another maker's number",
  "",
].join("\n");

Deno.test("cards are read by address, with names from PCI's list and from NVIDIA's driver", () =>
  withFiles({
    ...cardFiles("0000:01:00.0", "10de:2684", { card: "card1" }),
    ...cardFiles("0000:00:02.0", "8086:3e92", { card: "card0" }),
    "sys/class/drm/card0-HDMI-A-1/status": "connected\n",
    ...cardFiles("0000:03:00.0", "1002:73bf"),
    "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA GeForce RTX 4090\nIRQ: 130\n",
    "usr/share/misc/pci.ids": pciIds,
  }, (root) => {
    const cards = readCards(root);
    assertEquals(cards.map(({ address, name }) => [address, name]), [
      ["0000:00:02.0", "Intel UHD Graphics 630"],
      ["0000:01:00.0", "NVIDIA GeForce RTX 4090"],
      ["0000:03:00.0", "AMD Navi 21 [Radeon RX 6800]"],
    ]);
    assertEquals([cards[1]?.vendorId, cards[1]?.deviceId], [0x10de, 0x2684]);
  }));

Deno.test("a card that no list names goes by its numbers; other devices and a server's display are no cards", () =>
  withFiles({
    ...cardFiles("0000:41:00.0", "10de:233b", { more: { class: "0x030200\n" } }),
    ...cardFiles("0000:02:00.0", "1a03:2000", { card: "card0" }),
    ...cardFiles("0000:04:00.0", "8086:15b7", { more: { class: "0x020000\n" } }),
    "sys/class/drm/renderD128/device/uevent": "PCI_SLOT_NAME=0000:99:00.0\n",
    "sys/class/drm/card7/device/uevent": "DRIVER=panfrost\n",
  }, (root) => assertEquals(readCards(root).map(({ name }) => name), ["NVIDIA 10de:233b"])));

Deno.test("cards that share the processor's memory are told from others", () =>
  withFiles({
    ...cardFiles("0000:00:02.0", "8086:3e92"),
    ...cardFiles("0000:03:00.0", "8086:56a0"),
    ...cardFiles("0000:05:00.0", "1002:1638", { more: { mem_info_vram_total: "536870912\n" } }),
    ...cardFiles("0000:06:00.0", "1002:73bf", { more: { mem_info_vram_total: "17163091968\n" } }),
    ...cardFiles("0000:07:00.0", "10de:2684"),
  }, (root) => assertEquals(readCards(root).map(({ integrated }) => integrated), [true, false, true, false, false])));

Deno.test("a machine without sysfs has no cards", () => withFiles({}, (root) => assertEquals(readCards(root), [])));
