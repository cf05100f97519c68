// Loaded before a program (`deno run --preload`): the files of FAULT_BAD_FILES (a JSON list) cannot be read. The program
// itself is not changed.
import { makeUnreadable } from "./unreadable.ts";

makeUnreadable(JSON.parse(Deno.env.get("FAULT_BAD_FILES")!));
