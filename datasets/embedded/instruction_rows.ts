import { type Instruction, instructions, type Part } from "./instructions.ts";

/** Form of rows. */
export type RowForm = "belle" | "guanaco";

/**
 * The embedded instructions of a part as JSON Lines in the form of a data set. BELLE's has single questions, Guanaco's
 * the others and all conversations. `kind` says what is to be done.
 */
export function instructionRows(form: RowForm, part: Part): string {
  return instructions(part).filter((each, index) => formOf(each, index) === form)
    .map((each) => `${JSON.stringify(form === "belle" ? belleRow(each) : guanacoRow(each))}\n`).join("");
}

/** Two thirds of the single questions are BELLE's. */
const formOf = ({ history }: Instruction, index: number): RowForm =>
  history.length > 0 || index % 3 === 0 ? "guanaco" : "belle";

const belleRow = ({ kind, question, answer }: Instruction) => ({
  instruction: question,
  input: "",
  output: answer,
  kind,
});

const guanacoRow = ({ kind, history, question, answer }: Instruction) => ({
  instruction: history.map(([asked, answered]) => `User: ${asked}\nAssistant: ${answered}`).join("\n"),
  input: `User: ${question}`,
  output: answer,
  kind,
});
