import type { TextEvent } from "../../models/generation/request.ts";

/**
 * The same events without white space before the first character. Where a prompt ends without the newline that an
 * adapter was trained to see, its answers begin with one.
 */
export async function* withoutLeadingSpace(
  events: AsyncIterable<TextEvent>,
): AsyncGenerator<TextEvent, void, undefined> {
  let begun = false;
  for await (const event of events) {
    if (event.type !== "text" || begun) {
      yield event.type === "beams" ? trimBeams(event) : event;
      continue;
    }
    const text = event.text.trimStart();
    begun = text !== "";
    yield { ...event, text };
  }
}

function trimBeams(event: Extract<TextEvent, { type: "beams" }>): TextEvent {
  return { ...event, beams: event.beams.map((beam) => ({ ...beam, text: beam.text.trimStart() })) };
}
