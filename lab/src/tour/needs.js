/**
 * What a step of the tour asks of a model.
 * @import { Lab } from "../types.js"
 */

/**
 * A step computes with the model in floating point, with its gradients, or with ReLU: lab.json has these of a microgpt.
 * @param {Pick<Lab, "config">} lab
 */
export const isMicrogpt = ({ config }) => config.family === "microgpt";
