// localStorage that may be full, blocked or hold anything. Losing it loses comfort, never work.

export function readStored(key, fallback) {
    try {
        return JSON.parse(localStorage.getItem(key)) ?? fallback;
    } catch {
        return fallback;
    }
}

export function writeStored(key, value) {
    try {
        if (value === undefined) localStorage.removeItem(key);
        else localStorage.setItem(key, JSON.stringify(value));
    } catch { /* full or blocked */ }
}
