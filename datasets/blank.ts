/** Whether a text shows nothing: spaces, control characters, and characters without a width such as U+200B. */
export function isBlank(text: string): boolean {
  return /^[\s\p{Cc}\p{Default_Ignorable_Code_Point}]*$/u.test(text);
}
