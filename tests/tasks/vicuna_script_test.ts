// The bootstrap script `vicuna`, in a system that is made up of a few files.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { driverCommand } from "../../tasks/doctor/driver_command.ts";
import { inFolder, repository } from "./children.ts";

const ignore = Deno.build.os === "windows";

/** Writes a program of the shell's. */
async function writeProgram(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`);
  await Deno.chmod(path, 0o755);
}

/** Runs the script as it would be typed, with a Deno that says there is a graphics device, so that none is ever installed. */
async function runScript(folder: string, typed: string): Promise<string> {
  const real = `if [ "$1" = eval ]; then echo yes; else exec '${Deno.execPath()}' "$@"; fi`;
  await writeProgram(join(folder, "deno"), real);
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", typed],
    cwd: repository,
    env: { PATH: `${folder}:${Deno.env.get("PATH") ?? ""}`, LC_ALL: "C.UTF-8", NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "the help of a task names the script that it was started by, as it was typed",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      assertStringIncludes(await runScript(folder, "./vicuna cache --help"), "Usage: ./vicuna cache ");
      const link = join(folder, "vicuna");
      await Deno.symlink(join(repository, "vicuna"), link);
      assertStringIncludes(await runScript(folder, `${link} cache --help`), `Usage: ${link} cache `);
    }),
});

/** A machine that the script finds itself on. */
interface Machine {
  /** What `/etc/os-release` says. */
  readonly system?: string;
  /** Backends by which Deno gives an adapter. */
  readonly adapters?: readonly string[];
  readonly user?: "root" | "sudo" | "nobody";
  /** Whether apt-get can install. */
  readonly network?: boolean;
  /** Files that are there. */
  readonly files?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a task by the script on a machine that is made of stand-ins: system files, Deno, apt-get, id. */
async function startOn(machine: Machine): Promise<{ code: number; said: string; calls: string[] }> {
  const { system = "ID=debian", adapters = ["gl"], user = "root", network = true, files = [], env = {} } = machine;
  let outcome: { code: number; said: string; calls: string[] } | undefined;
  await inFolder(async (folder) => {
    const bin = join(folder, "bin");
    for (const path of ["bin", "etc", "home"]) await Deno.mkdir(join(folder, path));
    for (const file of files) {
      await Deno.mkdir(join(folder, file, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, file), "");
    }
    await Deno.writeTextFile(join(folder, "etc/os-release"), `${system}\n`);
    await Deno.writeTextFile(join(folder, "deno.json"), '{\n    "train": {\n');
    const script = await Deno.readTextFile(join(repository, "vicuna"));
    // The same text, with the system's folders below this one.
    await Deno.writeTextFile(
      join(folder, "vicuna"),
      script.replaceAll(/(?<![\w$}])\/(usr|lib|etc|run|dev)\/(?!null)/g, `${folder}/$1/`),
    );
    for (const tool of ["sh", "env", "dirname", "readlink", "grep", "sed", "mkdir", "chmod", "cat"]) {
      await writeProgram(join(bin, tool), `PATH=/usr/bin:/bin exec ${tool} "$@"`);
    }
    // These pass the stand-ins on.
    await writeProgram(join(bin, "env"), 'while case $1 in *=*) true ;; *) false ;; esac; do shift; done; exec "$@"');
    await writeProgram(join(bin, "uname"), "echo Linux");
    await writeProgram(join(bin, "id"), `echo ${user === "root" ? 0 : 1000}`);
    const log = join(folder, "calls");
    await writeProgram(join(bin, "apt-get"), `echo "apt-get $*" >>'${log}'; exit ${network ? 0 : 100}`);
    if (user === "sudo") await writeProgram(join(bin, "sudo"), `echo sudo >>'${log}'; exec "$@"`);
    await writeProgram(
      join(bin, "deno"),
      `case $1 in
        --version) echo 'deno 2.9.6' ;;
        eval) echo "asked $DENO_WEBGPU_BACKEND" >>'${log}'
          case ' ${adapters.join(" ")} ' in *" $DENO_WEBGPU_BACKEND "*) echo yes ;; *) echo no ;; esac ;;
        task) echo "task" >>'${log}' ;;
      esac`,
    );
    const { code, stderr } = await new Deno.Command("/bin/sh", {
      args: [join(folder, "vicuna"), "train"],
      clearEnv: true,
      env: { PATH: bin, HOME: join(folder, "home"), ...env },
    }).output();
    const calls = (await Deno.readTextFile(log).catch(() => "")).trimEnd().split("\n");
    outcome = { code, said: new TextDecoder().decode(stderr), calls };
  });
  return outcome!;
}

const install = "apt-get install --yes --quiet --no-install-recommends mesa-vulkan-drivers";
const slow =
  /No Vulkan driver: this computes through OpenGL, \S+ times slower\. To mend it, as root: apt-get update && apt-get install mesa-vulkan-drivers\n.*通过 OpenGL 计算，慢 \S+ 倍。.*apt-get update && apt-get install mesa-vulkan-drivers\n$/;

Deno.test({
  name: "where there is OpenGL but no Vulkan, the script installs Mesa's Vulkan driver and says so",
  ignore,
  async fn() {
    for (const [user, how] of [["root", [install]], ["sudo", ["sudo", install]]] as const) {
      const { code, said, calls } = await startOn({ user });
      assertEquals([code, calls], [0, ["asked vulkan", ...how, "task"]], said);
      assertMatch(said, /^vicuna: No Vulkan driver was found: installing .*\n +没有找到 Vulkan 驱动：正在安装.*\n$/);
    }
  },
});

Deno.test({
  name:
    "without root, or where nothing can be installed, it goes on through OpenGL and says how slow and what mends it",
  ignore,
  async fn() {
    const nobody = await startOn({ user: "nobody" });
    assertEquals([nobody.code, nobody.calls], [0, ["asked vulkan", "asked gl", "task"]]);
    assertMatch(nobody.said, slow);
    const offline = await startOn({ network: false });
    assertEquals([offline.code, offline.calls.at(-1)], [0, "task"]);
    assertMatch(offline.said, slow);
    const fedora = await startOn({ system: 'ID="fedora"' });
    assertEquals([fedora.code, fedora.calls], [0, ["asked vulkan", "asked gl", "task"]]);
    assertStringIncludes(fedora.said, "as root: dnf install mesa-vulkan-drivers");
  },
});

Deno.test({
  name: "without any adapter, and without root to install one, the script fails and gives the command",
  ignore,
  async fn() {
    const { code, said, calls } = await startOn({ user: "nobody", adapters: [] });
    assertEquals([code, calls], [1, ["asked vulkan", "asked gl"]]);
    assertStringIncludes(said, "as root: apt-get update && apt-get install mesa-vulkan-drivers");
  },
});

Deno.test({
  name: "a driver on the processor is enough, one of a card only where there is a card or Deno says so",
  ignore,
  async fn() {
    const loader = "usr/lib/x86_64-linux-gnu/libvulkan.so.1";
    const quiet = async (machine: Machine, ...calls: string[]) => {
      const found = await startOn(machine);
      assertEquals([found.code, found.said, found.calls], [0, "", [...calls, "task"]]);
    };
    await quiet({ files: [loader, "usr/share/vulkan/icd.d/lvp_icd.x86_64.json"] });
    const radeon = [loader, "usr/share/vulkan/icd.d/radeon_icd.x86_64.json"];
    await quiet({ files: [...radeon, "dev/dri/renderD128"] });
    await quiet({ files: radeon, adapters: ["vulkan"] }, "asked vulkan");
    assertEquals((await startOn({ files: radeon })).calls, ["asked vulkan", install, "task"]);
  },
});

Deno.test({
  name: "a backend that the person set is left alone",
  ignore,
  async fn() {
    const { said, calls } = await startOn({ env: { DENO_WEBGPU_BACKEND: "gl" } });
    assertEquals([said, calls], ["", ["task"]]);
    assertEquals((await startOn({ env: { DENO_WEBGPU_BACKEND: "vulkan" } })).calls, ["asked vulkan", install, "task"]);
  },
});

Deno.test({
  name: "doctor gives the command that the script gives",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      for (const system of ["ID=debian", "ID=x\nID_LIKE=ubuntu", "ID=fedora", "ID=arch", 'ID_LIKE="opensuse suse"']) {
        const path = join(folder, "os-release");
        await Deno.writeTextFile(path, system);
        const command = driverCommand(path);
        assertEquals(typeof command, "string", system);
        const { said } = await startOn({ system, user: "nobody" });
        assertStringIncludes(said, `as root: ${command}\n`);
      }
      await Deno.writeTextFile(join(folder, "os-release"), "ID=plan9");
      assertEquals(driverCommand(join(folder, "os-release")), undefined);
      const { said } = await startOn({ system: "ID=plan9", user: "nobody" });
      assertStringIncludes(said, "as root: install Mesa (mesa-vulkan-drivers)\n");
    }),
});
