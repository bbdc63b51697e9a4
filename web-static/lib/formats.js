// Texts with a grammar. Each is a plain regular expression or a short function, so that the server's half can be the same.

const emailPattern = /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const urlPattern = /^https?:\/\/[^\s/?#]+(?:[/?#]\S*)?$/i;
const hostPattern = /^(?=.{1,253}$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const ipv4Pattern = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const uuidPattern = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

const datePattern = /^(\d{4})-(\d{2})-(\d{2})$/;
const timePattern = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;
const instantPattern = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,9})?)?(Z|z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/;

/** "YYYY-MM-DD" of a day that exists (Gregorian, years 0001 to 9999). */
export function isDate(text) {
    const [, year, month, day] = (datePattern.exec(text) ?? []).map(Number);
    if (!year || month < 1 || month > 12) return false;
    const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    return day >= 1 && day <= [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}

/** Seconds since midnight of "HH:MM" or "HH:MM:SS", else undefined. */
export function timeOfDay(text) {
    const match = timePattern.exec(text);
    return match ? Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0) : undefined;
}

/** Milliseconds since 1970; undefined where it is not RFC 3339. Bounds may leave out the offset (UTC) and the seconds. */
export function instant(text, { lenient = false } = {}) {
    const match = instantPattern.exec(text);
    if (!match || !isDate(match[1]) || (!lenient && (match[4] === undefined || match[5] === undefined))) return undefined;
    const parsed = Date.parse(match[5] ? text.toUpperCase() : `${text.toUpperCase()}Z`);
    return Number.isNaN(parsed) ? undefined : parsed;
}

const formats = {
    email: { test: (text) => emailPattern.test(text), message: 'Enter an email address, like name@example.com.' },
    url: { test: (text) => urlPattern.test(text), message: 'Enter a web address that starts with https:// or http://.' },
    hostname: { test: (text) => hostPattern.test(text), message: 'Enter a host name, like db.example.com.' },
    ipv4: { test: (text) => ipv4Pattern.test(text), message: 'Enter an IPv4 address, like 192.0.2.10.' },
    uuid: { test: (text) => uuidPattern.test(text), message: 'Enter a UUID of 32 hexadecimal digits with dashes.' },
    date: { test: isDate, message: 'Enter a date as year-month-day, like 2026-03-31.' },
    time: { test: (text) => timeOfDay(text) !== undefined, message: 'Enter a time as hours and minutes, like 14:30.' },
    'date-time': { test: (text) => instant(text) !== undefined,
        message: 'Enter a date and a time with its offset, like 2026-03-31T14:30:00Z.' },
};
const aliases = { uri: 'url', datetime: 'date-time', ip: 'ipv4' };

/** `{test, message}`; undefined for a format that only the server knows. */
export const formatNamed = (name) => formats[aliases[name] ?? name];
