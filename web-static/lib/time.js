import { createStore, useStore } from './store.js';
import { useEffect } from './preact.js';

const units = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]];

/** "1 min 12 s", "3 h 5 min", "18 s", "40 ms": the two largest units. Milliseconds in. */
export function duration(milliseconds) {
    const seconds = Math.max(0, milliseconds) / 1000;
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    let rest = Math.round(seconds);
    const parts = [];
    for (const [unit, size] of units) {
        const count = Math.floor(rest / size);
        rest -= count * size;
        if (count || parts.length) parts.push(count && `${count} ${unit}`);
        if (parts.length === 2) break;
    }
    return parts.filter(Boolean).join(' ');
}

/** The largest unit alone, for what is not exact: "about 2 min". */
export const about = (seconds) => {
    const [unit, size] = units.find(([, length]) => seconds >= length) ?? units.at(-1);
    const words = { d: 'day', h: 'hour', min: 'min', s: 's' };
    const count = Math.max(1, Math.round(seconds / size));
    return `about ${count} ${words[unit]}${count > 1 && words[unit].length > 3 ? 's' : ''}`;
};

/** "just now", "3 min ago", "in 12 s"; after a week the date. */
export function relative(at, now) {
    const distance = now - Date.parse(at);
    const size = Math.abs(distance);
    if (size < 5000) return 'just now';
    if (size > 7 * 86_400_000) return new Date(at).toLocaleDateString('en', { year: 'numeric', month: 'short', day: 'numeric' });
    const [unit, length] = units.find(([, seconds]) => size >= seconds * 1000);
    const text = `${Math.floor(size / 1000 / length)} ${unit}`;
    return distance > 0 ? `${text} ago` : `in ${text}`;
}

/** "2026-03-31 14:02:31 +02:00" in the reader's zone. */
export function exact(at) {
    const date = new Date(at);
    if (Number.isNaN(date.getTime())) return String(at);
    const offset = -date.getTimezoneOffset();
    const two = (number) => String(Math.floor(Math.abs(number))).padStart(2, '0');
    const local = new Date(date.getTime() + offset * 60_000).toISOString();
    return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`;
}

/** "14:02:31" in the reader's zone. */
export const clockTime = (at) => exact(at).slice(11, 19);

const clock = createStore(Date.now());
let readers = 0;
let ticking;

/** The present, each second while the tab is visible. One timer for the whole page; none when nothing shows a time. */
export function useNow() {
    useEffect(() => {
        readers += 1;
        clock.set(Date.now());
        ticking ??= setInterval(() => document.hidden || clock.set(Date.now()), 1000);
        return () => {
            readers -= 1;
            if (readers) return;
            clearInterval(ticking);
            ticking = undefined;
        };
    }, []);
    return useStore(clock);
}
