import { assertEquals } from "@std/assert";
import { type Backend, chooseBackend } from "../../../kernels/machine/backend.ts";

/** What is chosen where these backends give an adapter, and which were asked. */
async function choice(os: string, explicit: string | undefined, ...giving: Backend[]) {
  const asked: Backend[] = [];
  const chosen = await chooseBackend(os, explicit, (backend) => {
    asked.push(backend);
    return Promise.resolve(giving.includes(backend));
  });
  return { chosen, asked };
}

Deno.test("Vulkan is taken on Linux, DX12 on Windows, and Metal on macOS without asking", async () => {
  assertEquals(await choice("linux", undefined, "vulkan", "gl"), { chosen: "vulkan", asked: ["vulkan"] });
  assertEquals(await choice("windows", undefined, "dx12", "vulkan", "gl"), { chosen: "dx12", asked: ["dx12"] });
  assertEquals(await choice("darwin", undefined), { chosen: "metal", asked: [] });
});

Deno.test("OpenGL is taken only where there is nothing else", async () => {
  assertEquals(await choice("linux", undefined, "gl"), { chosen: "gl", asked: ["vulkan"] });
  assertEquals(await choice("windows", undefined, "vulkan", "gl"), { chosen: "vulkan", asked: ["dx12", "vulkan"] });
  assertEquals(await choice("windows", undefined, "gl"), { chosen: "gl", asked: ["dx12", "vulkan"] });
});

Deno.test("a backend that the person set is kept, whatever there is, and of several the best", async () => {
  assertEquals(await choice("linux", "gl", "vulkan", "gl"), { chosen: "gl", asked: [] });
  assertEquals(await choice("linux", " OpenGL "), { chosen: "gl", asked: [] });
  assertEquals(await choice("linux", "vulkan"), { chosen: "vulkan", asked: [] });
  assertEquals(await choice("linux", "gl,vk", "vulkan"), { chosen: "vulkan", asked: ["vulkan"] });
  assertEquals(await choice("windows", "vulkan", "dx12"), { chosen: "vulkan", asked: [] });
});

Deno.test("a setting that names no backend of the system is left to Deno", async () => {
  assertEquals(await choice("linux", "", "vulkan"), { chosen: undefined, asked: [] });
  assertEquals(await choice("linux", "metal", "vulkan"), { chosen: undefined, asked: [] });
});
