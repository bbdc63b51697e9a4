// The only place that speaks HTTP. Answers are JSON; faults are `Problem` (RFC 9457), network faults included.

const base = '/api/v1';
let whenSignedOut = () => {};

/** Called at every 401 outside of signing in. */
export const onSignedOut = (handler) => { whenSignedOut = handler; };

export class Problem extends Error {
    /** `status` 0: no answer came. `errors`: `[{field, rule, message}]`. */
    constructor({ status = 0, title = 'The request failed', detail, correlationId, errors = [], type, retryAfter }) {
        super(detail ?? title);
        Object.assign(this, { status, title, detail, correlationId, errors, type, retryAfter });
    }
}

/** Query text of an object; empty values are left out. */
export function query(parameters) {
    const absent = [undefined, null, '', false];
    const present = Object.entries(parameters).filter(([, value]) => !absent.includes(value));
    return present.length ? `?${new URLSearchParams(present)}` : '';
}

export const address = (path) => base + path;

/** A path of literal text and encoded parts: path`/requests/${id}/abort`. */
export const path = (parts, ...values) => String.raw({ raw: parts }, ...values.map(encodeURIComponent));

/** A key of 128 random bits; works without a secure context too. */
export const idempotencyKey = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export const get = (target, options) => call('GET', target, undefined, options);
/** A text is sent as it is, anything else as JSON. */
export const post = (target, body = {}, options) => call('POST', target, body, options);

async function call(method, target, body, { signal, headers } = {}) {
    const answer = await send(method, target, {
        method,
        signal,
        body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
        headers: {
            Accept: 'application/json',
            'X-Requested-With': 'pao',
            ...(body === undefined ? {} : { 'Content-Type': typeof body === 'string' ? 'text/plain' : 'application/json' }),
            ...headers,
        },
    });
    if (answer.ok) return answer.status === 204 ? undefined : readJSON(answer);
    const problem = await problemOf(answer);
    if (answer.status === 401 && !target.startsWith('/auth/')) whenSignedOut();
    throw problem;
}

async function send(method, target, options) {
    try {
        return await fetch(base + target, options);
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        const detail = 'Check your connection, then try again. Nothing you entered is lost.';
        throw new Problem({ title: 'The server does not answer', detail });
    }
}

async function readJSON(answer) {
    try {
        return await answer.json();
    } catch {
        const correlationId = answer.headers.get('X-Correlation-ID');
        throw new Problem({ status: answer.status, title: 'The answer could not be read', correlationId });
    }
}

async function problemOf(answer) {
    const told = await answer.json().catch(() => ({}));
    return new Problem({
        title: answer.statusText || `The server answered ${answer.status}`,
        ...told,
        status: answer.status,
        correlationId: told.correlationId ?? answer.headers.get('X-Correlation-ID'),
        retryAfter: Number(answer.headers.get('Retry-After')) || undefined,
    });
}
