import { html } from '../lib/preact.js';
import { Icon } from './icon.js';
import { say } from './toast.js';

/** The clipboard needs a secure context; over plain HTTP a selection does. */
async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
        return;
    } catch { /* not allowed here */ }
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
}

export function Copy({ text, label = text, what = 'value' }) {
    const copy = async () => {
        await copyText(text);
        say('Copied');
    };
    return html`<button type="button" class="copy mono" onClick=${copy} title=${`Copy ${what}`}>
        <span>${label}</span><${Icon} name="copy" /><span class="visually-hidden">Copy ${what}</span>
    </button>`;
}
