import type { Part } from "./held_out.ts";
import { type Instruction, instructions } from "./instructions.ts";

/** Forms in which the embedded instructions are given. */
export const ROW_FORMS = ["belle", "guanaco"] as const;

/** The data set whose form rows have. */
export type RowForm = (typeof ROW_FORMS)[number];

/**
 * The embedded instructions of a part as JSON Lines in the form of a data set: BELLE's has single questions, Guanaco's the
 * others and all conversations. `kind` says what is to be done.
 */
export function instructionRows(form: RowForm, part: Part): string {
  const row = form === "belle" ? belleRow : guanacoRow;
  return lines(instructions(part).filter((each, index) => formOf(each, index) === form).map(row));
}

/** The held-out instructions as JSON Lines, as merged rows are: with the history as pairs, and laid out in their form. */
export function taskItems(): string {
  return lines(
    instructions("held-out").map((each, index) => ({
      instruction: each.question,
      input: "",
      output: each.answer,
      kind: each.kind,
      ...(each.history.length > 0 && { history: each.history }),
      ...(formOf(each, index) === "guanaco" && { layout: "guanaco" }),
    })),
  );
}

/** Two thirds of the single questions are BELLE's. */
function formOf({ history }: Instruction, index: number): RowForm {
  return history.length > 0 || index % 3 === 0 ? "guanaco" : "belle";
}

function belleRow({ kind, question, answer }: Instruction) {
  return { instruction: question, input: "", output: answer, kind };
}

function guanacoRow({ kind, history, question, answer }: Instruction) {
  const turns = history.map(([asked, answered]) => `User: ${asked}\nAssistant: ${answered}`);
  return { instruction: turns.join("\n"), input: `User: ${question}`, output: answer, kind };
}

const lines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
