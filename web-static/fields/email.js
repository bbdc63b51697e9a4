import { textControl } from './text.js';

// type="text": the browser would trim and judge an email field by rules of its own.
export default textControl({ inputmode: 'email', autocomplete: 'email', spellcheck: false });
