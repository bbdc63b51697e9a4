import { html, useState } from '../lib/preact.js';
import { textControl } from './text.js';

const hidden = textControl({ type: 'password', autocomplete: 'new-password' });
const shown = textControl({ autocomplete: 'off', spellcheck: false, class: 'input mono' });

/** Never part of a draft; shown only while the person asks for it. */
export default function PasswordField(control) {
    const [isShown, setShown] = useState(false);
    return html`
        <div class="row">
            ${(isShown ? shown : hidden)(control)}
            <button type="button" class="button" aria-pressed=${isShown ? 'true' : 'false'} onClick=${() => setShown(!isShown)}>
                ${isShown ? 'Hide' : 'Show'}</button>
        </div>`;
}
