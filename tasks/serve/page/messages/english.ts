/** A number as English writes it. */
export const number = (value: number): string => value.toLocaleString("en");

/** A number of things: `1 row`, `1,024 rows`. */
export const counted = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
