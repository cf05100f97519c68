const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** The day that templates are told where results are to be the same on any day and none is named. */
export const TEMPLATE_DAY = "2025-01-01";

/** A day written YYYY-MM-DD. */
export const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;

/**
 * A day at midnight in a format of C's strftime, in English: `%d %b %Y` is `26 Jul 2024`. What is no known field stays as
 * it is.
 *
 * @param day YYYY-MM-DD
 */
export function strftime(day: string, format: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  const two = (value: number) => String(value).padStart(2, "0");
  const [month, dayOfMonth, year] = [date.getUTCMonth(), date.getUTCDate(), date.getUTCFullYear()];
  const ofYear = Math.round((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  const fields: Readonly<Record<string, string>> = {
    Y: String(year),
    y: two(year % 100),
    m: two(month + 1),
    d: two(dayOfMonth),
    e: String(dayOfMonth).padStart(2),
    j: String(ofYear).padStart(3, "0"),
    B: MONTHS[month]!,
    b: MONTHS[month]!.slice(0, 3),
    A: DAYS[date.getUTCDay()]!,
    a: DAYS[date.getUTCDay()]!.slice(0, 3),
    F: day,
    H: "00",
    I: "12",
    M: "00",
    S: "00",
    p: "AM",
    "%": "%",
  };
  return format.replace(/%(-?)([A-Za-z%])/g, (field, bare: string, letter: string) => {
    const value = fields[letter];
    if (value === undefined) return field;
    return bare === "" ? value : value.replace(/^[0 ]+(?=.)/, "");
  });
}

/** This day where the machine is, YYYY-MM-DD. */
export function today(): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
