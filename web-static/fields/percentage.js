import { numberControl } from './number.js';

export default numberControl('decimal', '%');
