import { html, useLayoutEffect, useRef } from '../lib/preact.js';
import { useAction } from '../lib/resource.js';
import { Icon } from './icon.js';
import { ProblemNotice } from './problem.js';

let titles = 0;

/** The browser's own modal: it holds the focus, Escape closes it, and the focus returns to where it was. */
export function Dialog({ title, onClose, kind, children }) {
    const dialog = useRef();
    const titleId = useRef(`dialog-${titles += 1}`).current;
    useLayoutEffect(() => {
        const opener = document.activeElement;
        dialog.current.showModal();
        dialog.current.querySelector('input, textarea, select')?.focus();
        return () => opener?.focus?.({ preventScroll: true });
    }, []);
    const closeOutside = (event) => event.target === dialog.current && onClose();
    return html`
        <dialog ref=${dialog} class=${kind} aria-labelledby=${titleId} onClose=${onClose} onMouseDown=${closeOutside}>
            <div class=${kind ? 'visually-hidden' : 'dialog-head'}>
                <h2 id=${titleId}>${title}</h2>
                ${!kind && html`<button type="button" class="icon-button" onClick=${onClose} aria-label="Close"><${Icon} name="close" />
                    </button>`}
            </div>
            ${kind ? children : html`<div class="dialog-body">${children}</div>`}
        </dialog>`;
}

/** A form that says what it will do, does it, and stays open with the reason when it could not. */
export function ActionDialog({ title, verb, isDangerous, perform, onClose, onDone, children }) {
    const { run, isBusy, problem } = useAction(async () => ({ answer: await perform() }));
    const submit = async (event) => {
        event.preventDefault();
        const done = await run();
        if (done) onDone(done.answer);
    };
    return html`
        <${Dialog} title=${title} onClose=${onClose}>
            <form class="stack" onSubmit=${submit}>
                ${children}
                <${ProblemNotice} problem=${problem} />
                <div class="dialog-foot">
                    <button type="button" class="button" onClick=${onClose}>Close</button>
                    <button type="submit" class=${`button ${isDangerous ? 'danger' : 'primary'}`}
                        aria-disabled=${isBusy ? 'true' : 'false'}>${verb}</button>
                </div>
            </form>
        <//>`;
}

/** A labelled text of a dialog. */
export function TextField({ id, label, value, onInput, rows, required = true, help }) {
    const change = (event) => onInput(event.currentTarget.value);
    const common = { id, class: 'input', value, required, onInput: change, 'aria-describedby': help && `${id}-help` };
    return html`
        <div class="field">
            <label for=${id}>${label}${!required && html`<span class="optional">optional</span>`}</label>
            ${rows ? html`<textarea ...${common} rows=${rows}></textarea>` : html`<input ...${common} autocomplete="off" />`}
            ${help && html`<p class="help" id=${`${id}-help`}>${help}</p>`}
        </div>`;
}
