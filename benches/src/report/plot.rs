//! Plots, as SVG.

use std::ops::Range;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use serde::Serialize;

/// How an axis is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By powers of ten.
    Powers,
}

/// A plot.
#[derive(Debug, Clone, Serialize)]
pub struct Plot {
    /// Its file's name.
    pub file: String,
    /// What it shows.
    pub title: String,
    /// What lies along, with its unit.
    pub x: String,
    /// What lies upwards, with its unit.
    pub y: String,
    /// How both axes are divided, first the one that lies along.
    pub scales: (Scale, Scale),
    /// The lines.
    pub series: Vec<Series>,
}

/// A line of a plot.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// What it shows.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

impl Plot {
    /// Writes it into `directory`.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn draw(&self, directory: &Path) -> Result<()> {
        let (x, y) = (
            self.range(self.scales.0, |point| point.0),
            self.range(self.scales.1, |point| point.1),
        );
        let path = directory.join(&self.file);
        match self.scales {
            (Scale::Linear, Scale::Linear) => self.draw_over(&path, x, y),
            (Scale::Linear, Scale::Powers) => self.draw_over(&path, x, y.log_scale()),
            (Scale::Powers, Scale::Linear) => self.draw_over(&path, x.log_scale(), y),
            (Scale::Powers, Scale::Powers) => self.draw_over(&path, x.log_scale(), y.log_scale()),
        }
    }

    fn draw_over<X, Y>(&self, path: &Path, x: X, y: Y) -> Result<()>
    where
        X: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64>,
        Y: AsRangedCoord<Value = f64>,
        Y::CoordDescType: ValueFormatter<f64>,
    {
        let failed = |error: &dyn std::fmt::Display| anyhow!("{} can't be drawn: {error}", path.display());
        let root = SVGBackend::new(path, (860, 480)).into_drawing_area();
        root.fill(&WHITE).map_err(|error| failed(&error))?;
        let mut chart = ChartBuilder::on(&root)
            .caption(&self.title, ("sans-serif", 20))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(72)
            .build_cartesian_2d(x, y)
            .map_err(|error| failed(&error))?;
        chart
            .configure_mesh()
            .x_desc(&self.x)
            .y_desc(&self.y)
            .x_label_formatter(&|value| number(*value))
            .y_label_formatter(&|value| number(*value))
            .draw()
            .map_err(|error| failed(&error))?;
        for (place, series) in self.series.iter().enumerate() {
            let color = Palette99::pick(place).to_rgba();
            let points = || series.points.iter().copied();
            chart
                .draw_series(LineSeries::new(points(), color.stroke_width(2)))
                .map_err(|error| failed(&error))?
                .label(&series.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
            chart
                .draw_series(PointSeries::of_element(
                    points(),
                    3,
                    color.filled(),
                    &|at, size, style| Circle::new(at, size, style),
                ))
                .map_err(|error| failed(&error))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK)
            .draw()
            .map_err(|error| failed(&error))?;
        root.present().map_err(|error| failed(&error))
    }

    /// The range of the values along one axis, never empty.
    fn range(&self, scale: Scale, of: fn(&(f64, f64)) -> f64) -> Range<f64> {
        let values = || self.series.iter().flat_map(|series| series.points.iter().map(of));
        let most = values().fold(0.0, f64::max);
        match scale {
            Scale::Linear => 0.0..(most * 1.1).max(1.0),
            Scale::Powers => {
                let least = values().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
                let least = if least.is_finite() { least } else { 1.0 };
                least * 0.7..(most * 1.5).max(least * 10.0)
            }
        }
    }
}

/// A label of an axis: short, whatever its size.
fn number(value: f64) -> String {
    if value >= 1_000_000.0 {
        format!("{} M", trimmed(value / 1_000_000.0))
    } else if value >= 10_000.0 {
        format!("{} k", trimmed(value / 1000.0))
    } else {
        trimmed(value)
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_is_drawn_whatever_its_scales_and_points() {
        let directory = tempfile::tempdir().expect("a directory");
        for scales in [
            (Scale::Linear, Scale::Linear),
            (Scale::Linear, Scale::Powers),
            (Scale::Powers, Scale::Linear),
            (Scale::Powers, Scale::Powers),
        ] {
            let plot = Plot {
                file: "plot.svg".to_owned(),
                title: "a title".to_owned(),
                x: "rows".to_owned(),
                y: "ms".to_owned(),
                scales,
                series: vec![Series {
                    name: "a series".to_owned(),
                    points: vec![(10_000.0, 1.0), (1_000_000.0, 2.0)],
                }],
            };
            plot.draw(directory.path()).expect("drawn");
            let svg = std::fs::read_to_string(directory.path().join("plot.svg")).expect("a file");
            assert!(svg.contains("<svg") && svg.contains("a series"), "{svg}");
        }
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(
            [number(10_000_000.0), number(20_000.0), number(0.5)],
            ["10 M", "20 k", "0.5"]
        );
    }
}
