/** Runs a test with a temporary folder, which is removed afterwards. */
export async function inFolder<Result>(run: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await Deno.makeTempDir();
  try {
    return await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
