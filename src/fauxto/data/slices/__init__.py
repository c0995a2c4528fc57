"""Grey slices of patients: DICOM, NIfTI and pictures to one size and scale, split by patient, degraded for repair."""
