export const id = 39;
export const ids = [39];
export const modules = {

/***/ 8039:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   fromEnv: () => (/* reexport safe */ _connect_DQYicCL8_js__WEBPACK_IMPORTED_MODULE_0__.p)
/* harmony export */ });
/* harmony import */ var _connect_DQYicCL8_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(7539);


/***/ })

};
