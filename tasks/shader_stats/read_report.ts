import { UsageError } from "../cli/usage_error.ts";
import { type StatsReport, statsReport } from "./report.ts";

/** The report of an earlier run. Errors: no such file, or not what `shader-stats --json` prints, naming where. */
export async function readReport(file: string): Promise<StatsReport> {
  const text = await Deno.readTextFile(file).catch((error: Error) => {
    throw new UsageError(`cannot compare with ${file}: ${error.message}`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`cannot compare with ${file}: wanted JSON, ${(error as Error).message}`);
  }
  const { success, data, error } = statsReport.safeParse(value);
  if (success) return data;
  const { path, message } = error.issues[0]!;
  const where = path.length > 0 ? ` at ${path.join(".")}` : "";
  throw new UsageError(
    `cannot compare with ${file}: wanted what shader-stats --json prints, found${where}: ${message}`,
  );
}
