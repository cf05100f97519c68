import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type AdapterInfo, deviceName, lavapipeWidth } from "../../../kernels/machine/adapter.ts";
import { driverManifests, hasDeviceSelectLayer } from "../../../kernels/machine/vulkan_files.ts";
import { drivers } from "../../drivers/drivers.ts";
import { runDeno } from "../../tasks/children.ts";

// A process asks for an adapter once and for all, so each case has one of its own.
const onLinux = Deno.build.os === "linux";
const lavapipe = onLinux && driverManifests().some(({ name }) => name.startsWith("lvp_icd"));

/** Whether Mesa's OpenGL is there, to fall back to. */
function hasOpenGl(): boolean {
  const folders = onLinux ? [...Deno.readDirSync("/usr/lib")].map(({ name }) => `/usr/lib/${name}`) : [];
  return folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/libEGL_mesa.so.0`).isFile;
    } catch {
      return false;
    }
  });
}

/** Opens a device in a process that has done `before`; gives what is known of the device. */
async function openIn(env: Record<string, string>, before = ""): Promise<AdapterInfo> {
  const { code, stdout, stderr } = await runDeno([
    "eval",
    `import { chooseDevice, openDevice } from "./kernels/gpu/device.ts";
     ${before}
     const device = await openDevice();
     console.log(JSON.stringify(device.info));
     device.close();
     Deno.exit();`,
  ], env);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

Deno.test({
  name: "the library computes by Vulkan, also where a list that was set has OpenGL too",
  ignore: !lavapipe,
  async fn() {
    assertEquals((await openIn({ DENO_WEBGPU_BACKEND: "gl,vulkan" })).backend, "vulkan");
  },
});

Deno.test({
  name: "the library computes by OpenGL where there is nothing else, and knows it",
  ignore: !hasOpenGl(),
  async fn() {
    const info = await openIn(
      { VK_DRIVER_FILES: "/nonexistent.json", VK_ICD_FILENAMES: "/nonexistent.json" },
      // Tests side by side share a process: one that has opened a device has set the backend for its children.
      `Deno.env.delete("DENO_WEBGPU_BACKEND");`,
    );
    assertEquals(info.backend, "gl");
    assertMatch(deviceName(info), /, OpenGL$/);
  },
});

Deno.test({
  name: "the person's choice of a device holds in the process, and goes before the setting of a pipeline",
  ignore: !lavapipe,
  async fn() {
    const info = await openIn({}, `chooseDevice("cpu"); chooseDevice("llvmpipe"); chooseDevice("nosuch", "setting");`);
    assertMatch(info.description, /llvmpipe/);
    assertEquals([info.backend, info.software], ["vulkan", true]);
  },
});

Deno.test({
  name: "a process that computes on one device does not go over to another",
  ignore: !lavapipe,
  async fn() {
    const { code, stderr } = await runDeno([
      "eval",
      `import { prepareChildren } from "./kernels/machine/adapter.ts";
       import { chooseDevice } from "./kernels/gpu/device.ts";
       await prepareChildren();
       chooseDevice("llvmpipe", "setting");`,
    ]);
    assertEquals(code, 1);
    assertMatch(stderr, /cannot compute on llvmpipe: a process keeps to one device, and this one has begun without/);
  },
});

Deno.test("a process that may not look at the machine chooses among the devices that it was told", async () => {
  const device = { name: "Abacus 5", kind: "card", aliases: [], environment: { DRI_PRIME: "pci-0000_05_00_0" } };
  const { stdout, stderr } = await runDeno([
    "eval",
    `import { chooseDevice } from "./kernels/gpu/device.ts";
     chooseDevice("abacus", "setting");
     console.log(Deno.env.get("DRI_PRIME"));`,
  ], { VICUNA_DEVICES: JSON.stringify([device]) });
  assertEquals(stdout, "pci-0000_05_00_0\n", stderr);
});

const software = ["lavapipe, 256 bits", "SwiftShader"].map((name) => drivers().find((driver) => driver.name === name));

Deno.test({
  name: "Mesa's layer gives the device whose model was chosen within the process, also of a driver that is not Mesa's",
  ignore: software.some((driver) => driver?.missing !== undefined) || !hasDeviceSelectLayer(),
  async fn() {
    const both = software.map((driver) => driver?.env["VK_ICD_FILENAMES"]).join(":");
    const models = { llvmpipe: "10005:0000", SwiftShader: "1ae0:c0de" };
    const devices = Object.entries(models).map(([name, model]) => ({
      ...{ name, kind: "wish", aliases: [] },
      environment: { MESA_VK_DEVICE_SELECT: model, MESA_VK_DEVICE_SELECT_FORCE_DEFAULT_DEVICE: "1" },
    }));
    const env = { VK_ICD_FILENAMES: both, VICUNA_DEVICES: JSON.stringify(devices) };
    for (const name of Object.keys(models)) {
      assertStringIncludes((await openIn(env, `chooseDevice("${name}");`)).description, name);
    }
  },
});

Deno.test("only a device by OpenGL has another name than its driver gives it", () => {
  assertEquals(deviceName({ description: "llvmpipe", backend: "vulkan" }), "llvmpipe");
  assertEquals(deviceName({ description: "llvmpipe", backend: "gl" }), "llvmpipe, OpenGL");
});

Deno.test("lavapipe computes with 512 bits where the processor has them and Mesa is one that uses them well", () => {
  const unread = () => {
    throw new Error("Mesa's version makes no difference here, and reading it takes a while");
  };
  assertEquals(lavapipeWidth(true, () => "22.3.6"), 512);
  assertEquals(lavapipeWidth(true, () => "25.0.7"), 256);
  assertEquals(lavapipeWidth(true, () => undefined), 256);
  assertEquals(lavapipeWidth(false, unread), 256);
  assertEquals(lavapipeWidth(undefined, unread), 256);
});
