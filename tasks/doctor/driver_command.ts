/** What installs Mesa's Vulkan drivers, by a word in the system's ID or ID_LIKE. */
const commands: readonly (readonly [RegExp, string])[] = [
  [/debian|ubuntu/, "apt-get update && apt-get install mesa-vulkan-drivers"],
  [/fedora|rhel|centos/, "dnf install mesa-vulkan-drivers vulkan-loader"],
  [/arch/, "pacman -S vulkan-swrast vulkan-icd-loader"],
  [/suse/, "zypper install libvulkan_lvp"],
];

/** The command that gives this Linux a Vulkan driver, to be run as root; undefined where it is not known. */
export function driverCommand(path = "/etc/os-release"): string | undefined {
  let release: string;
  try {
    release = Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
  const ids = [...release.matchAll(/^ID(?:_LIKE)?=(.*)$/gm)].map(([, id]) => id).join(" ").toLowerCase();
  return commands.find(([system]) => system.test(ids))?.[1];
}
