//! How sure a share is.

/// The quantile of the standard normal distribution that leaves 2.5 % above it.
const Z: f64 = 1.959_963_984_540_054;

/// A share, and between which bounds it lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share {
    /// How many of all.
    pub(super) point: f64,
    /// No less than this.
    pub(super) lower: f64,
    /// No more than this.
    pub(super) upper: f64,
}

/// The share of `some` in `all`, with its Wilson score interval (E. B. Wilson, 1927): good for few as well as for many, never outside
/// 0 to 1. `None` where there is nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share of more than 2^53 is as good without its last digits"
)]
pub(super) fn share(some: u64, all: u64) -> Option<Share> {
    if all == 0 {
        return None;
    }
    let (n, share) = (all as f64, some as f64 / all as f64);
    let square = Z * Z / n;
    let middle = share + square / 2.0;
    let half = (share.mul_add(1.0 - share, square / 4.0) * square).sqrt();
    let bound = |at: f64| (at / (1.0 + square)).clamp(0.0, 1.0);
    Some(Share {
        point: share,
        // At the ends rounding would leave a crumb.
        lower: if some == 0 { 0.0 } else { bound(middle - half) },
        upper: if some == all {
            1.0
        } else {
            bound(middle + half)
        },
    })
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]
mod tests {
    use super::*;

    /// Found by bisection, to 40 digits, as the shares at which the score test just does not reject: `|p - q| = z √(q (1 - q) / n)`.
    const VECTORS: [(u64, u64, f64, f64); 10] = [
        (0, 1, 0.0, 0.793_450_685_622_763),
        (1, 1, 0.206_549_314_377_237, 1.0),
        (1, 2, 0.094_531_205_734_231, 0.905_468_794_265_769),
        (3, 7, 0.158_219_855_251_47, 0.749_541_635_472_343),
        (0, 10, 0.0, 0.277_532_799_862_889),
        (8, 10, 0.490_162_471_536_642, 0.943_317_848_545_625),
        (10, 10, 0.722_467_200_137_111, 1.0),
        (80, 100, 0.711_170_834_406_841, 0.866_633_066_668_967),
        (1, 1_000, 0.000_176_546_370_626, 0.005_642_558_597_958),
        (
            500_000,
            1_000_000,
            0.499_020_019_890_005,
            0.500_979_980_109_995,
        ),
    ];

    #[test]
    fn bounds_are_where_the_score_test_begins_to_reject() {
        for (some, all, lower, upper) in VECTORS {
            let found = share(some, all).unwrap();
            assert!(
                (found.lower - lower).abs() < 1e-12,
                "{some}/{all} {found:?}"
            );
            assert!(
                (found.upper - upper).abs() < 1e-12,
                "{some}/{all} {found:?}"
            );
        }
    }

    #[test]
    fn nothing_has_no_share() {
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn the_ends_are_exact_and_bounds_hold_the_share() {
        for all in [1, 2, 3, 10, 1_000, u64::MAX] {
            assert_eq!(share(0, all).unwrap().lower.to_bits(), 0_f64.to_bits());
            assert_eq!(share(all, all).unwrap().upper.to_bits(), 1_f64.to_bits());
            for some in [0, 1, all / 2, all] {
                let found = share(some, all).unwrap();
                assert!(found.lower <= found.point && found.point <= found.upper);
            }
        }
    }
}
