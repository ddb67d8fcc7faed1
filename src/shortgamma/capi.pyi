# C functions only; see capi.pxd.
