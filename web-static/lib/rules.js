// The rules of single values: each takes (value, validation, field) and answers undefined, or what to tell the person.

import { compilePattern, isEqual } from './conditions.js';
import { formatNamed, instant, timeOfDay } from './formats.js';

const textual = new Set(['string', 'textarea', 'password', 'email', 'url', 'date', 'time', 'datetime']);
const numeric = new Set(['number', 'integer', 'percentage']);
const isScalar = (value) => ['string', 'number', 'boolean'].includes(typeof value);
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** Unicode scalars, as JSON Schema and the server count them. */
export const lengthOf = (text) => [...text].length;

/** Whether a value has the shape its type asks for, and how to say that it has not. */
export function typeFault(field, value) {
    const { type } = field;
    if (textual.has(type)) return typeof value === 'string' ? undefined : 'Enter a text.';
    if (type === 'integer') return Number.isInteger(value) ? undefined : 'Enter a whole number.';
    if (numeric.has(type)) return Number.isFinite(value) ? undefined : 'Enter a number.';
    if (type === 'boolean') return typeof value === 'boolean' ? undefined : 'Choose yes or no.';
    if (type === 'select') return isScalar(value) ? undefined : 'Choose one option.';
    if (type === 'multiselect') return Array.isArray(value) && value.every(isScalar) ? undefined : 'Choose from the options.';
    if (type === 'list') return Array.isArray(value) ? undefined : 'Enter a list.';
    if (type === 'file') return isFile(value) ? undefined : 'Choose a file.';
    if (type === 'object') return typeof value === 'object' && !Array.isArray(value) ? undefined : 'Fill in the group.';
    return undefined;
}

/** A file travels as `{"name", "mediaType", "content": base64}`. */
const isFile = (value) => typeof value === 'object' && !Array.isArray(value)
    && typeof value.name === 'string' && value.name !== '' && typeof (value.mediaType ?? '') === 'string' && typeof value.content === 'string'
    && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/.test(value.content);

/** Bytes behind the base64 text, whatever size the browser claims. */
const fileSize = (file) => (file.content.length / 4) * 3 - (file.content.endsWith('==') ? 2 : file.content.endsWith('=') ? 1 : 0);

/** Bytes of 1048576, "512KB" or "1 MiB" (1024 each); undefined where it is not a size. */
export function byteCount(size) {
    if (typeof size === 'number') return size;
    const match = /^(\d+)\s*([KMG]?)i?B?$/i.exec(size ?? '');
    return match ? Number(match[1]) * 1024 ** ['', 'K', 'M', 'G'].indexOf(match[2].toUpperCase()) : undefined;
}

/** One of ".pem", "text/plain", "image/*"; names and media types without regard to case. */
function acceptsFile(file, accepted) {
    const list = Array.isArray(accepted) ? accepted : String(accepted).split(',');
    const name = file.name.toLowerCase();
    const mediaType = (file.mediaType ?? '').toLowerCase();
    return list.map((one) => one.trim().toLowerCase()).some((one) =>
        one.startsWith('.') ? name.endsWith(one) : one.endsWith('/*') ? mediaType.startsWith(one.slice(0, -1)) : mediaType === one);
}

const wantedBits = { weak: 30, medium: 50, strong: 70 };

/**
 * Bits by length, times what a character of the classes used can be; a character counts twice at most, so that
 * "aaaaaaaaaaaaaaaa" is no password. Classes: 26 lower, 26 upper, 10 digits, 33 others.
 */
export function passwordBits(text) {
    const scalars = [...text];
    const classes = [[/[a-z]/, 26], [/[A-Z]/, 26], [/[0-9]/, 10], [/[^a-zA-Z0-9]/, 33]];
    const pool = classes.reduce((sum, [pattern, size]) => sum + (pattern.test(text) ? size : 0), 0);
    return pool ? Math.min(scalars.length, 2 * new Set(scalars).size) * Math.log2(pool) : 0;
}

/** A number as it is written: `digits` times ten to the power of `exponent`. */
function decimal(number) {
    const [, sign, whole, fraction = '', exponent = 0] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(number));
    return { digits: BigInt(sign + whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** Exact, in decimals, as on the server: 0.3 is a multiple of 0.1. */
function isMultiple(number, step, start = 0) {
    const all = [number, start, step].map(decimal);
    const lowest = Math.min(...all.map(({ exponent }) => exponent));
    const [value, from, by] = all.map(({ digits, exponent }) => digits * 10n ** BigInt(exponent - lowest));
    return (value - from) % by === 0n;
}

/** A bound of dates: `today` is the day in UTC, as the server counts. */
export const dayOf = (written) => (written === 'today' ? new Date().toISOString().slice(0, 10) : written);

/** A bound of any kind: `read` makes value and bound comparable; a bound that cannot be read bounds nothing. */
const bound = (key, { sign, read, words }) => (value, validation, field) => {
    const written = validation[key] ?? (key.startsWith('min') ? field.defaultMin : field.defaultMax);
    const limit = key.endsWith('Date') ? dayOf(written) : written;
    const [a, b] = [read(value, false), read(limit, true)];
    return a !== undefined && b !== undefined && sign * (a - b) < 0 ? words(limit) : undefined;
};
const pair = (suffix, read, low, high) => ({
    [`min${suffix}`]: bound(`min${suffix}`, { sign: 1, read, words: low }),
    [`max${suffix}`]: bound(`max${suffix}`, { sign: -1, read, words: high }),
});

const asNumber = (value) => (typeof value === 'number' ? value : undefined);
const asDate = (value) => (formatNamed('date').test(value) ? Number(value.replaceAll('-', '')) : undefined);
const asTime = (value) => (typeof value === 'string' ? timeOfDay(value) : undefined);
const asInstant = (value, lenient) => (typeof value === 'string' ? instant(value, { lenient }) : undefined);

const text = {
    pattern: (value, { pattern, message }) => pattern !== undefined && compilePattern(pattern)?.test(value) === false
        ? message ?? `Use the form ${pattern}.` : undefined,
    minLength: (value, { minLength }) => lengthOf(value) < minLength ? `Enter at least ${counted(minLength, 'character')}.` : undefined,
    maxLength: (value, { maxLength }) => lengthOf(value) > maxLength ? `Enter at most ${counted(maxLength, 'character')}.` : undefined,
    format: (value, validation, { type }) => {
        const format = formatNamed(['email', 'url'].includes(type) ? type : validation.format);
        return format && !format.test(value) ? format.message : undefined;
    },
    enum: (value, validation) => oneOf([value], validation),
};

const number = {
    ...pair('', asNumber, (limit) => `Enter ${limit} or more.`, (limit) => `Enter ${limit} or less.`),
    step: (value, { step, min = 0 }) => step > 0 && !isMultiple(value, step, min)
        ? `Enter ${min ? `${min} plus ` : ''}a multiple of ${step}.` : undefined,
    precision: (value, { precision }) => precision >= 0 && !isMultiple(value, Number(`1e-${precision}`))
        ? `Use at most ${counted(precision, 'decimal')}.` : undefined,
    enum: (value, validation) => oneOf([value], validation),
};

const selection = {
    enum: (value, validation) => oneOf(Array.isArray(value) ? value : [value], validation),
    minSelections: (value, { minSelections }) => value.length < minSelections ? `Choose at least ${minSelections}.` : undefined,
    maxSelections: (value, { maxSelections }) => value.length > maxSelections ? `Choose at most ${maxSelections}.` : undefined,
};

function oneOf(chosen, { enum: options, allowCustom }) {
    if (!options?.length || allowCustom) return undefined;
    const foreign = chosen.find((one) => !options.some((option) => isEqual(option, one)));
    return foreign === undefined ? undefined : `Choose one of the options; ${JSON.stringify(foreign)} is none of them.`;
}

const dated = (name, suffix, read) => ({
    format: (value) => formatNamed(name).test(value) ? undefined : formatNamed(name).message,
    ...pair(suffix, read, (limit) => `Choose ${limit} or later.`, (limit) => `Choose ${limit} or earlier.`),
});

const rulesOfType = {
    string: text,
    textarea: text,
    email: text,
    url: text,
    password: {
        ...text,
        strength: (value, { strength }) => passwordBits(value) < (wantedBits[strength === true ? 'medium' : strength] ?? 0)
            ? 'Make it longer or mix in other kinds of characters.' : undefined,
    },
    number,
    integer: number,
    percentage: number,
    select: { enum: selection.enum },
    multiselect: selection,
    date: dated('date', 'Date', asDate),
    time: dated('time', 'Time', asTime),
    datetime: dated('date-time', 'Datetime', asInstant),
    file: {
        maxSize: (value, { maxSize }) => fileSize(value) > byteCount(maxSize)
            ? `Choose a file of at most ${maxSize}${typeof maxSize === 'number' ? ' bytes' : ''}.` : undefined,
        accept: (value, { accept }) => accept !== undefined && !acceptsFile(value, accept)
            ? `Choose a file of the kind ${[accept].flat().join(', ')}.` : undefined,
    },
    list: {
        items: (value, { minItems = 0, maxItems = Infinity }) => {
            if (value.length < minItems) return `Add at least ${counted(minItems, 'entry', 'entries')}.`;
            return value.length > maxItems ? `Keep at most ${counted(maxItems, 'entry', 'entries')}.` : undefined;
        },
    },
};

/** Every rule that a value of the right type breaks, in a fixed order: `[{rule, message}]`. */
export function brokenRules(field, value) {
    const ruled = field.type === 'percentage' ? { ...field, defaultMin: 0, defaultMax: 100 } : field;
    return Object.entries(rulesOfType[field.type] ?? {}).flatMap(([rule, check]) => {
        const message = check(value, field.validation ?? {}, ruled);
        return message === undefined ? [] : [{ rule, message }];
    });
}
